#include "client/cli/watch_command.h"

#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "client/cli/job_progress.h"
#include "client/cli/json_output.h"
#include "client/cli/live_display.h"
#include "client/cli/resource_argument.h"
#include "client/cli/watch_view.h"
#include "common/status_macros.h"

namespace pegbox::cli {
namespace {

constexpr char kAway[] = "the server is away; trying again";

// Shows events as they come. Events come from one thread; the live display reads from its own.
class Follower {
 public:
  explicit Follower(Session& session) : session_(session) {
    if (session.console.is_terminal && !session.as_json) {
      display_.emplace(session.console.out, [this] { return Frame(); });
    }
  }

  void OnEvent(const v1::WatchTuningJobResponse& event) {
    std::vector<std::string> lines;
    {
      absl::MutexLock lock(&mu_);
      is_away_ = false;
      const JobProgress::Changes changes = progress_.Apply(event);
      if (!display_.has_value()) lines = EventLines(progress_, changes);
    }
    if (session_.as_json) {
      session_.console.out << ToJsonLine(event) << std::flush;
    } else if (display_.has_value()) {
      display_->Refresh();
    } else {
      Print(lines);
    }
  }

  void OnRetry() {
    {
      absl::MutexLock lock(&mu_);
      if (is_away_) return;
      is_away_ = true;
    }
    if (display_.has_value()) {
      display_->Refresh();
    } else {
      session_.console.err << "pegbox: " << kAway << std::endl;
    }
  }

  // The summary when the job has ended.
  ExitCode Finish() {
    display_.reset();
    absl::MutexLock lock(&mu_);
    if (!session_.as_json) Print(SummaryLines(progress_, session_.program));
    const bool has_failed = progress_.job().state() == v1::TuningJob::FAILED || progress_.best() == nullptr;
    return has_failed ? ExitCode::kJobFailed : ExitCode::kOk;
  }

 private:
  std::vector<std::string> Frame() {
    const TerminalSize size = session_.console.terminal_size();
    absl::MutexLock lock(&mu_);
    return LiveLines(progress_,
                     {.width = size.width,
                      .height = size.height,
                      .use_color = session_.console.use_color,
                      .notice = is_away_ ? kAway : ""},
                     absl::Now());
  }

  void Print(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) session_.console.out << line << "\n";
    session_.console.out << std::flush;
  }

  Session& session_;
  absl::Mutex mu_;
  JobProgress progress_ ABSL_GUARDED_BY(mu_);
  bool is_away_ ABSL_GUARDED_BY(mu_) = false;
  std::optional<LiveDisplay> display_;
};

}  // namespace

absl::StatusOr<ExitCode> FollowJob(Session& session, absl::string_view job_id, Cancellation& cancellation) {
  Follower follower(session);
  const Client::WatchOptions options{.cancellation = &cancellation,
                                     .on_retry = [&](const absl::Status&) { follower.OnRetry(); }};
  PEGBOX_RETURN_IF_ERROR(
      session.client.Watch(job_id, options, [&](const v1::WatchTuningJobResponse& event) { follower.OnEvent(event); }));
  return follower.Finish();
}

absl::StatusOr<ExitCode> Watch(Session& session, const std::string& job, Cancellation& cancellation) {
  PEGBOX_ASSIGN_OR_RETURN(const std::string id, ParseJobArgument(job));
  PEGBOX_RETURN_IF_ERROR(session.client.GetTuningJob(id).status());
  return FollowJob(session, id, cancellation);
}

}  // namespace pegbox::cli
