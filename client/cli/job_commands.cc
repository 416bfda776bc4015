#include <algorithm>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/format.h"
#include "client/cli/job_file.h"
#include "client/cli/json_output.h"
#include "client/cli/resource_argument.h"
#include "client/cli/text.h"
#include "common/status_macros.h"

namespace pegbox::cli {
namespace {

// Prints the job after a change of its state.
void PrintState(Session& session, const v1::TuningJob& job) {
  if (session.as_json) {
    session.console.out << ToJsonDocument(job);
  } else {
    session.console.out << LastPart(job.name()) << " " << StateName(job.state()) << "\n";
  }
}

constexpr absl::string_view kAskAndTellHint =
    "it has no trial.command, so no worker runs its trials: ask for them with SuggestTrials and tell their results "
    "with "
    "CompleteTrial (docs/ask-and-tell.md)";

int64_t Done(const v1::TuningJob& job) {
  const v1::TuningJob::TrialCounts& counts = job.trial_counts();
  return counts.completed() + counts.early_stopped() + counts.failed() + counts.canceled();
}

std::string JobTable(const std::vector<v1::TuningJob>& jobs) {
  Table table({"JOB", "STATE", "DONE", "RUNNING", "OBJECTIVE", "BEST TRIAL", "CREATED", "NAME"});
  for (const v1::TuningJob& job : jobs) {
    const std::string state = job.end_reason() == v1::TuningJob::END_REASON_UNSPECIFIED
                                  ? StateName(job.state())
                                  : absl::StrCat(StateName(job.state()), " (", EndReasonName(job.end_reason()), ")");
    table.AddRow({LastPart(job.name()), state, absl::StrCat(Done(job), "/", job.spec().max_jobs()),
                  absl::StrCat(job.trial_counts().running() + job.trial_counts().stopping()),
                  Printable(job.spec().objective().metric()),
                  job.best_trial().empty() ? "-" : absl::StrCat(TrialNumber(job.best_trial())),
                  FormatTime(job.create_time()), Printable(job.spec().display_name())});
  }
  return table.ToString();
}

}  // namespace

absl::Status Submit(Session& session, const std::string& file, const std::string& job_id) {
  PEGBOX_ASSIGN_OR_RETURN(const JobFile job_file, ReadJobFile(file));
  v1::CreateTuningJobRequest request;
  request.set_tuning_job_id(job_id);
  *request.mutable_spec() = job_file.spec;
  const absl::StatusOr<v1::TuningJob> job = session.client.CreateTuningJob(request);
  if (!job.ok()) return Locate(job_file, job.status());
  if (session.as_json) {
    session.console.out << ToJsonDocument(*job);
    return absl::OkStatus();
  }
  const std::string id = LastPart(job->name());
  session.console.out << id << "\n";
  session.console.err << "submitted; follow it with: " << session.program << " watch " << id << "\n";
  if (!job_file.spec.has_trial()) session.console.err << kAskAndTellHint << "\n";
  return absl::OkStatus();
}

absl::Status ListJobs(Session& session) {
  PEGBOX_ASSIGN_OR_RETURN(const std::vector<v1::TuningJob> jobs, session.client.ListTuningJobs());
  if (session.as_json) {
    v1::ListTuningJobsResponse response;
    response.mutable_tuning_jobs()->Assign(jobs.begin(), jobs.end());
    session.console.out << ToJsonDocument(response);
  } else if (jobs.empty()) {
    session.console.err << "no jobs yet; submit one with: " << session.program << " submit FILE\n";
  } else {
    session.console.out << JobTable(jobs);
  }
  return absl::OkStatus();
}

absl::Status Stop(Session& session, const std::string& job_or_trial) {
  PEGBOX_ASSIGN_OR_RETURN(const auto target, ParseJobOrTrialArgument(job_or_trial));
  if (const auto* const job_id = std::get_if<std::string>(&target); job_id != nullptr) {
    PEGBOX_ASSIGN_OR_RETURN(const v1::TuningJob job, session.client.StopTuningJob(*job_id));
    PrintState(session, job);
    return absl::OkStatus();
  }
  const TrialId& id = std::get<TrialId>(target);
  PEGBOX_ASSIGN_OR_RETURN(const v1::Trial trial, session.client.StopTrial(id));
  if (session.as_json) {
    session.console.out << ToJsonDocument(trial);
  } else {
    session.console.out << id.job_id << "/" << id.number << " " << StateName(trial.state()) << "\n";
  }
  return absl::OkStatus();
}

absl::Status Pause(Session& session, const std::string& job) {
  PEGBOX_ASSIGN_OR_RETURN(const std::string id, ParseJobArgument(job));
  PEGBOX_ASSIGN_OR_RETURN(const v1::TuningJob paused, session.client.PauseTuningJob(id));
  PrintState(session, paused);
  return absl::OkStatus();
}

absl::Status Resume(Session& session, const std::string& job) {
  PEGBOX_ASSIGN_OR_RETURN(const std::string id, ParseJobArgument(job));
  PEGBOX_ASSIGN_OR_RETURN(const v1::TuningJob resumed, session.client.ResumeTuningJob(id));
  PrintState(session, resumed);
  return absl::OkStatus();
}

absl::Status Validate(Console& console, bool as_json, const std::string& file) {
  PEGBOX_ASSIGN_OR_RETURN(const JobFile job_file, ReadJobFile(file));
  if (as_json) {
    console.out << ToJsonDocument(job_file.spec);
    return absl::OkStatus();
  }
  console.out << file << ": well formed, " << job_file.spec.parameters_size() << " parameters, "
              << job_file.spec.max_jobs() << " trials; the server checks the values when it is submitted\n";
  if (!job_file.spec.has_trial()) console.err << kAskAndTellHint << "\n";
  return absl::OkStatus();
}

absl::Status ListWorkers(Session& session) {
  PEGBOX_ASSIGN_OR_RETURN(const std::vector<v1::Worker> workers, session.client.ListWorkers());
  if (session.as_json) {
    v1::ListWorkersResponse response;
    response.mutable_workers()->Assign(workers.begin(), workers.end());
    session.console.out << ToJsonDocument(response);
    return absl::OkStatus();
  }
  Table table({"WORKER", "STATE", "HOST", "SLOTS", "RUNNING", "DEVICES", "LAST SYNC", "VERSION"});
  for (const v1::Worker& worker : workers) {
    table.AddRow({LastPart(worker.name()), StateName(worker.state()), Printable(worker.host_name()),
                  absl::StrCat(worker.slots()), absl::StrCat(worker.running_trials_size()),
                  Printable(absl::StrJoin(worker.device_names(), ",")), FormatTime(worker.last_sync_time()),
                  Printable(worker.version())});
  }
  if (workers.empty()) {
    session.console.err << "no workers yet; start one with: pegbox-worker --server HOST:PORT\n";
  } else {
    session.console.out << table.ToString();
  }
  return absl::OkStatus();
}

}  // namespace pegbox::cli
