#include "server/rpc/job_watch.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "server/domain/invalid_argument.h"
#include "server/rpc/change_wait.h"
#include "server/rpc/convert_job.h"
#include "server/rpc/convert_trial.h"
#include "server/rpc/paging.h"

namespace pegbox {
namespace {

constexpr int kMaxTrials = 500;
constexpr int kMaxMeasurements = 2000;

// Puts what changed into messages, and writes each that is full.
class MessageWriter {
 public:
  MessageWriter(int64_t old_revision, const JobWatch::Write& write) : write_(write) {
    message_.set_revision(old_revision);
  }

  absl::Status Add(v1::TuningJob job) {
    budget_.Take(job);
    *message_.mutable_tuning_job() = std::move(job);
    return absl::OkStatus();
  }

  absl::Status Add(v1::Trial trial) {
    if (message_.trials_size() == kMaxTrials || !budget_.Take(trial)) {
      PEGBOX_RETURN_IF_ERROR(Flush());
      budget_.Take(trial);
    }
    *message_.add_trials() = std::move(trial);
    return absl::OkStatus();
  }

  absl::Status Add(v1::TrialMeasurement row) {
    if (message_.measurements_size() == kMaxMeasurements || !budget_.Take(row)) {
      PEGBOX_RETURN_IF_ERROR(Flush());
      budget_.Take(row);
    }
    *message_.add_measurements() = std::move(row);
    return absl::OkStatus();
  }

  absl::Status Finish(int64_t new_revision) {
    message_.set_revision(new_revision);
    return write_(message_) ? absl::OkStatus() : ClientHasGone();
  }

 private:
  absl::Status Flush() {
    if (!write_(message_)) return ClientHasGone();
    const int64_t revision = message_.revision();
    message_.Clear();
    message_.set_revision(revision);
    budget_ = MessageBudget();
    return absl::OkStatus();
  }

  const JobWatch::Write& write_;
  v1::WatchTuningJobResponse message_;
  MessageBudget budget_;
};

}  // namespace

absl::Status JobWatch::Run(int64_t since_revision) {
  if (since_revision < 0) {
    return InvalidArgument("since_revision", "must be 0 or more", absl::StrCat(since_revision), "begin with 0");
  }
  revision_ = since_revision;
  ChangeSignal::Listener listener(tuning_jobs_.signal(), {JobTopic(job_id_)});
  // A job that has ended changes no more: it may be that nothing is left to tell.
  PEGBOX_ASSIGN_OR_RETURN(const TuningJobView view, tuning_jobs_.Get(job_id_));
  has_ended_ = IsTerminal(view.job.state);
  while (true) {
    PEGBOX_RETURN_IF_ERROR(WriteChanges());
    if (has_ended_) return absl::OkStatus();
    PEGBOX_RETURN_IF_ERROR(WaitForChange(listener, tuning_jobs_.signal(), is_cancelled_));
  }
}

absl::Status JobWatch::WriteChanges() {
  while (true) {
    PEGBOX_ASSIGN_OR_RETURN(const JobChanges changes, tuning_jobs_.ChangesSince(job_id_, revision_));
    if (changes.revision < revision_) {
      return InvalidArgument("since_revision", absl::StrCat("must be at most the last revision, ", changes.revision),
                             absl::StrCat(revision_), "begin with 0");
    }
    PEGBOX_RETURN_IF_ERROR(WriteMessages(changes));
    revision_ = changes.revision;
    if (changes.job.has_value()) has_ended_ = IsTerminal(changes.job->job.state);
    if (changes.is_complete) return absl::OkStatus();
  }
}

absl::Status JobWatch::WriteMessages(const JobChanges& changes) {
  if (!changes.job.has_value() && changes.trials.empty() && changes.measurements.empty()) return absl::OkStatus();
  MessageWriter writer(revision_, write_);
  if (changes.job.has_value()) PEGBOX_RETURN_IF_ERROR(writer.Add(ToProto(*changes.job)));
  for (const Trial& trial : changes.trials) PEGBOX_RETURN_IF_ERROR(writer.Add(ToProto(trial)));
  for (const TrialMeasurement& row : changes.measurements) PEGBOX_RETURN_IF_ERROR(writer.Add(ToProto(row)));
  return writer.Finish(changes.revision);
}

}  // namespace pegbox
