#include "worker/agent/attempt_runner.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/status_macros.h"
#include "worker/agent/backoff.h"
#include "worker/agent/monotonic_time.h"
#include "worker/agent/parameter_text.h"
#include "worker/process/process_token.h"

namespace pegbox::worker {
namespace {

constexpr absl::Duration kVerdictTimeout = absl::Seconds(2);    // for a trial that waits for the answer to a report
constexpr absl::Duration kDirectiveTimeout = absl::Seconds(1);  // for a trial to obey before SIGTERM
constexpr absl::Duration kSweepTimeout = absl::Seconds(10);

std::string Directive(absl::string_view directive, absl::string_view key = "", absl::string_view text = "") {
  nlohmann::json json = {{"directive", std::string(directive)}};
  if (!key.empty()) json[std::string(key)] = std::string(text);
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

AttemptRunner::AttemptRunner(ServerLink& server, const WorkerFolder& folder, IncarnationFile& incarnations,
                             Options options, Assignment assignment, absl::Duration contact,
                             std::function<void()> on_done)
    : server_(server),
      folder_(folder),
      incarnations_(incarnations),
      options_(std::move(options)),
      assignment_(std::move(assignment)),
      lease_{.duration = options_.lease_duration, .grace_period = assignment_.grace_period},
      on_done_(std::move(on_done)),
      start_time_(MonotonicNow()),
      known_contact_(contact),
      wishes_{.contact = contact},
      thread_([this] { Run(); }) {}

AttemptRunner::~AttemptRunner() {
  if (!is_done()) {
    Fence();
    GiveUp();
  }
  thread_.join();
}

void AttemptRunner::Stop(absl::string_view reason) {
  absl::MutexLock lock(&mu_);
  if (!wishes_.stop_reason.has_value()) wishes_.stop_reason = std::string(reason);
  wishes_.is_changed = true;
}

void AttemptRunner::Leave() {
  absl::MutexLock lock(&mu_);
  wishes_.is_leaving = true;
  wishes_.is_changed = true;
}

void AttemptRunner::Fence() {
  {
    absl::MutexLock lock(&mu_);
    wishes_.is_fenced = true;
    wishes_.is_changed = true;
  }
  // A sync that crossed the finish on its way is told of a fence too: the finish's own answer counts.
  if (!is_finishing_) interrupt_.Raise();
}

void AttemptRunner::GiveUp() { interrupt_.Raise(); }

void AttemptRunner::RenewLease(absl::Duration sent_at) {
  absl::MutexLock lock(&mu_);
  wishes_.contact = std::max(wishes_.contact, sent_at);
  wishes_.is_changed = true;
}

bool AttemptRunner::is_stopping() const {
  absl::MutexLock lock(&mu_);
  return wishes_.stop_reason.has_value() || wishes_.is_leaving;
}

bool AttemptRunner::is_fenced() const {
  absl::MutexLock lock(&mu_);
  return wishes_.is_fenced;
}

bool AttemptRunner::has_ended() const {
  absl::MutexLock lock(&mu_);
  return wishes_.has_ended;
}

void AttemptRunner::Run() {
  std::optional<Failure> failure;
  if (const absl::Status started = Start(); started.ok()) {
    Supervise();
    failure = ExplainEnd({.process = *end_,
                          .stop_origin = stop_origin_,
                          .has_socket_reported = has_socket_reported_,
                          .log_tail = process_->LogTail(),
                          .max_runtime = assignment_.max_runtime,
                          .lease_silence = lease_.StopAfter()});
  } else {
    failure = Failure{.kind = FailureKind::kSpawn, .detail = std::string(started.message())};
    Log()->warn("attempt not started trial={} attempt={} error=\"{}\"", TrialName(id().trial), id().number,
                started.ToString());
  }
  socket_.reset();
  are_processes_gone_ = true;
  const bool is_delivered = !is_fenced() && Deliver(failure);
  if (!is_delivered && is_fenced())
    Log()->info("attempt fenced trial={} attempt={}", TrialName(id().trial), id().number);
  process_.reset();
  sender_.reset();
  is_done_ = true;
  on_done_();
}

absl::Status AttemptRunner::Start() {
  PEGBOX_RETURN_IF_ERROR(assignment_.problem);
  PEGBOX_ASSIGN_OR_RETURN(MetricLineParser parser, MetricLineParser::Create(assignment_.metric_definitions));
  parser_ = std::move(parser);
  PEGBOX_ASSIGN_OR_RETURN(std::vector<std::string> argv, ExpandCommand(assignment_.command, assignment_.parameters));
  PEGBOX_ASSIGN_OR_RETURN(const TrialPaths paths, folder_.MakeTrialFolder(id()));
  sender_ = std::make_unique<ReportSender>(
      server_, interrupt_,
      ReportSender::Options{.id = id(),
                            .objective_metric = assignment_.objective_metric,
                            .checkpoint_path = paths.checkpoints,
                            .log_path = paths.log,
                            .spool_path = paths.spool,
                            .limits = options_.report_limits},
      ReportSender::Callbacks{.on_stop = [this](const std::string& reason) { Stop(reason); },
                              .on_fenced = [this] { Fence(); },
                              .on_contact = [this](absl::Duration sent_at) { RenewLease(sent_at); }});
  PEGBOX_ASSIGN_OR_RETURN(socket_, ReportSocket::Listen(options_.surroundings.socket_path,
                                                        [this](absl::string_view line) { return OnSocketLine(line); }));
  return StartProcess(std::move(argv), paths);
}

absl::Status AttemptRunner::StartProcess(std::vector<std::string> argv, const TrialPaths& paths) {
  TrialSurroundings surroundings = options_.surroundings;
  surroundings.checkpoint_folder = paths.checkpoints;
  const bool has_folder = !assignment_.working_directory.empty();
  ProcessSpec spec = {.argv = std::move(argv),
                      .working_directory = has_folder ? assignment_.working_directory : paths.working_directory,
                      .environment = MakeTrialEnvironment(assignment_, surroundings),
                      .log_path = paths.log,
                      .log_limit_bytes = options_.log_limit_bytes,
                      .token = NewProcessToken(),
                      .guard_path = options_.guard_path};
  const std::string token = spec.token;
  PEGBOX_RETURN_IF_ERROR(incarnations_.AddToken(token));
  const auto on_end = [this] {
    absl::MutexLock lock(&mu_);
    wishes_.has_ended = wishes_.is_changed = true;
  };
  absl::StatusOr<std::unique_ptr<ChildProcess>> process = ChildProcess::Start(
      std::move(spec), {.on_line = [this](absl::string_view line) { OnLogLine(line); }, .on_end = on_end});
  if (!process.ok()) {
    incarnations_.RemoveToken(token);
    return process.status();
  }
  process_ = *std::move(process);
  process_->KillUnlessRenewed(known_contact_ + lease_.KillAfter() - MonotonicNow());
  Log()->info("attempt started trial={} attempt={} slot={} pid={}", TrialName(id().trial), id().number,
              surroundings.slot.name, process_->pid());
  return absl::OkStatus();
}

std::string AttemptRunner::OnSocketLine(absl::string_view line) {
  has_socket_reported_ = true;
  const absl::StatusOr<Report> report = ParseReportLine(line);
  if (!report.ok()) return Directive("CONTINUE", "error", report.status().message());
  if (has_ended()) {  // nobody waits for the answer
    sender_->Add(*report);
    return std::string();
  }
  const ReportSender::Verdict verdict = sender_->AddAndWait(*report, kVerdictTimeout);
  if (verdict.should_stop) return Directive("STOP", "reason", verdict.reason);
  absl::MutexLock lock(&mu_);
  if (wishes_.stop_reason.has_value()) return Directive("STOP", "reason", *wishes_.stop_reason);
  return Directive("CONTINUE");
}

void AttemptRunner::OnLogLine(absl::string_view line) {
  const ParsedLine parsed = parser_->Parse(line);
  if (!parsed.problem.ok() && !is_problem_logged_) {
    is_problem_logged_ = true;
    Log()->warn("metric in a trial's output not used trial={} attempt={} error=\"{}\"", TrialName(id().trial),
                id().number, parsed.problem.ToString());
  }
  if (!parsed.report.empty()) sender_->Add(parsed.report);
}

void AttemptRunner::Supervise() {
  while (true) {
    Wishes wishes;
    {
      absl::MutexLock lock(&mu_);
      mu_.AwaitWithTimeout(absl::Condition(&wishes_.is_changed), NextWake(wishes_) - MonotonicNow());
      wishes_.is_changed = false;
      wishes = wishes_;
    }
    if (wishes.has_ended) break;
    Act(wishes, MonotonicNow());
  }
  end_ = process_->Wait(absl::InfiniteDuration());
  ProveEnd(*end_);
}

void AttemptRunner::Act(const Wishes& wishes, absl::Duration now) {
  if (wishes.is_fenced) {
    if (!is_killed_) process_->Kill();
    is_killed_ = true;
    return;
  }
  if (wishes.contact > known_contact_) {
    known_contact_ = wishes.contact;
    process_->KillUnlessRenewed(known_contact_ + lease_.KillAfter() - now);
  }
  if (stop_origin_ == StopOrigin::kNone) {
    if (wishes.stop_reason.has_value()) {
      BeginStop(StopOrigin::kServer, *wishes.stop_reason, now);
    } else if (wishes.is_leaving) {
      BeginStop(StopOrigin::kWorker, "the worker stops", now);
    } else if (now >= start_time_ + assignment_.max_runtime) {
      BeginStop(StopOrigin::kRuntime, "max_runtime is over", now);
    } else if (now >= known_contact_ + lease_.StopAfter()) {
      BeginStop(StopOrigin::kLease, "the server is out of reach and the lease ends", now);
    }
  }
  const bool is_due = stop_origin_ != StopOrigin::kNone && !is_terminated_ && now >= terminate_time_;
  if (!is_due) return;
  is_terminated_ = true;
  process_->Terminate(assignment_.grace_period);
}

void AttemptRunner::BeginStop(StopOrigin origin, absl::string_view reason, absl::Duration now) {
  stop_origin_ = origin;
  terminate_time_ = now + (has_socket_reported_ ? kDirectiveTimeout : absl::ZeroDuration());
  socket_->Broadcast(Directive("STOP", "reason", reason));
  Log()->info("attempt told to stop trial={} attempt={} reason=\"{}\"", TrialName(id().trial), id().number,
              std::string(reason));
}

// Wakes without a wish: for the next step of a stop, or for a reason to begin one.
absl::Duration AttemptRunner::NextWake(const Wishes& wishes) const {
  if (is_killed_ || is_terminated_) return absl::InfiniteDuration();
  if (stop_origin_ != StopOrigin::kNone) return terminate_time_;
  return std::min(start_time_ + assignment_.max_runtime, wishes.contact + lease_.StopAfter());
}

// The guard's word is proof. Without it, nothing may carry the trial's mark any more before the slot is free.
void AttemptRunner::ProveEnd(const ProcessEnd& end) {
  Log()->info("attempt ended trial={} attempt={} exit=\"{}\"", TrialName(id().trial), id().number,
              DescribeExit(end.status));
  while (end.is_guard_lost) {
    const absl::StatusOr<int> killed = KillProcesses(process_->token(), kSweepTimeout);
    if (killed.ok()) break;
    Log()->error("attempt's processes not ended trial={} attempt={} error=\"{}\"", TrialName(id().trial), id().number,
                 killed.status().ToString());
    if (!absl::IsDeadlineExceeded(killed.status())) break;  // /proc is closed to us: the guard's death must do
  }
  incarnations_.RemoveToken(process_->token());
}

bool AttemptRunner::Deliver(const std::optional<Failure>& failure) {
  absl::Status delivered = sender_ == nullptr ? absl::OkStatus() : sender_->Flush();
  Backoff backoff;
  for (bool is_first = true; delivered.ok(); is_first = false) {
    is_finishing_ = true;
    delivered = server_.Finish(id(), failure, interrupt_);
    is_finishing_ = false;
    if (delivered.ok()) {
      Log()->info("attempt finished trial={} attempt={} failure=\"{}\"", TrialName(id().trial), id().number,
                  failure.has_value() ? failure->detail : "");
      return true;
    }
    if (is_fenced() || interrupt_.is_raised() || !IsPassing(delivered)) break;
    if (is_first) {
      Log()->warn("finish held back trial={} attempt={} error=\"{}\"", TrialName(id().trial), id().number,
                  delivered.ToString());
    }
    if (!interrupt_.WaitFor(backoff.Next())) delivered = absl::OkStatus();
  }
  if (absl::IsAborted(delivered)) Fence();
  if (!is_fenced()) {
    Log()->error("attempt's end not delivered trial={} attempt={} error=\"{}\"", TrialName(id().trial), id().number,
                 delivered.ToString());
  }
  return false;
}

}  // namespace pegbox::worker
