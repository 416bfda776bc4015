#include "client/cli/run_command.h"

#include <unistd.h>

#include <atomic>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/format.h"
#include "client/cli/interrupt.h"
#include "client/cli/job_file.h"
#include "client/cli/job_progress.h"
#include "client/cli/local_cluster.h"
#include "client/cli/session.h"
#include "client/cli/watch_command.h"
#include "common/status_macros.h"

namespace pegbox::cli {
namespace {

constexpr absl::Duration kStopPollInterval = absl::Milliseconds(100);

absl::StatusOr<std::string> SubmitTo(Client& client, const JobFile& file, const std::string& job_id) {
  v1::CreateTuningJobRequest request;
  request.set_tuning_job_id(job_id);
  *request.mutable_spec() = file.spec;
  const absl::StatusOr<v1::TuningJob> job = client.CreateTuningJob(request);
  if (!job.ok()) return Locate(file, job.status());
  return LastPart(job->name());
}

// Waits for the job's end for as long as its trials may take to go.
void StopJob(Client& client, const std::string& job_id, const v1::TuningJobSpec& spec) {
  const absl::Duration grace =
      spec.trial().has_grace_period() ? absl::Seconds(spec.trial().grace_period().seconds() + 1) : absl::Seconds(10);
  const absl::Time deadline = absl::Now() + grace + absl::Seconds(10);
  absl::StatusOr<v1::TuningJob> job = client.StopTuningJob(job_id);
  while (job.ok() && !HasEnded(*job) && absl::Now() < deadline) {
    absl::SleepFor(kStopPollInterval);
    job = client.GetTuningJob(job_id);
  }
}

void WarnOfSecondInterrupt(Console& console) {
  console.err << "\npegbox: stopping the job; interrupt again to end at once" << std::endl;
}

}  // namespace

absl::StatusOr<ExitCode> Run(Console& console, const RunOptions& options) {
  PEGBOX_ASSIGN_OR_RETURN(const JobFile file, ReadJobFile(options.file));
  if (!file.spec.has_trial()) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.file, ": trial: required to run a job here; say what to run for each trial"));
  }
  const int64_t parallel = file.spec.has_max_parallel_jobs() ? file.spec.max_parallel_jobs() : 1;

  Cancellation cancellation;
  std::atomic<bool> is_interrupted = false;
  const InterruptHandler interrupt([&](int count) {
    // The children get SIGTERM when this process is gone.
    if (count > 1) _exit(static_cast<int>(ExitCode::kInterrupted));
    WarnOfSecondInterrupt(console);
    is_interrupted = true;
    cancellation.Cancel();
  });
  PEGBOX_ASSIGN_OR_RETURN(const std::unique_ptr<LocalCluster> cluster,
                          LocalCluster::Start({.bin_directory = console.bin_directory,
                                               .data_directory = options.data_directory,
                                               .worker_slots = options.slots > 0 ? options.slots : parallel,
                                               .cancellation = &cancellation,
                                               .on_exit = [&] { cancellation.Cancel(); }}));
  Client client({.address = cluster->server_address()});
  Session session{
      .console = console,
      .as_json = options.as_json,
      .program = absl::StrCat(ShellQuoted(console.program), " --data ", ShellQuoted(options.data_directory)),
      .client = client};
  const absl::StatusOr<std::string> job_id = SubmitTo(client, file, options.job_id);
  absl::StatusOr<ExitCode> result = ExitCode::kOk;
  if (job_id.ok()) {
    console.err << "job " << *job_id << " runs in " << options.data_directory << std::endl;
    result = FollowJob(session, *job_id, cancellation);
  } else {
    result = job_id.status();
  }
  if (!result.ok() && job_id.ok() && is_interrupted) {
    StopJob(client, *job_id, file.spec);
    result = absl::CancelledError(absl::StrCat("the job ", *job_id, " was stopped"));
  } else if (!result.ok()) {
    // A program that has ended explains more than the call that it broke.
    const absl::Status programs = cluster->Check();
    if (!programs.ok()) result = programs;
  }
  cluster->Stop();
  return result;
}

}  // namespace pegbox::cli
