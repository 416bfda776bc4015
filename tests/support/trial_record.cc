#include "tests/support/trial_record.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <map>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "tests/support/program.h"

namespace pegbox::test {
namespace {

int64_t ToInteger(const std::string& text) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(text, &number)) std::abort();
  return number;
}

// TIME_NS PID JOB TRIAL ATTEMPT KIND STEP VALUE
TrialEvent ParseEvent(const std::string& line) {
  static const std::map<std::string, TrialEvent::Kind> kKinds = {{"started", TrialEvent::Kind::kStarted},
                                                                 {"overlap", TrialEvent::Kind::kOverlap},
                                                                 {"reported", TrialEvent::Kind::kReported},
                                                                 {"stopped", TrialEvent::Kind::kStopped},
                                                                 {"ended", TrialEvent::Kind::kEnded}};
  const std::vector<std::string> fields = absl::StrSplit(line, ' ');
  TrialEvent event{.time = absl::Nanoseconds(ToInteger(fields.at(0))),
                   .pid = static_cast<pid_t>(ToInteger(fields.at(1))),
                   .job_id = fields.at(2),
                   .trial = ToInteger(fields.at(3)),
                   .attempt = ToInteger(fields.at(4)),
                   .kind = kKinds.at(fields.at(5)),
                   .step = ToInteger(fields.at(6))};
  if (!absl::SimpleAtod(fields.at(7), &event.value)) std::abort();
  return event;
}

}  // namespace

absl::Duration MonotonicNow() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::DurationFromTimespec(now);
}

std::vector<TrialEvent> ReadTrialRecord(const std::string& path) {
  std::vector<std::string> lines = absl::StrSplit(ReadFile(path), '\n');
  lines.pop_back();  // what follows the last line end
  std::vector<TrialEvent> events;
  for (const std::string& line : lines) events.push_back(ParseEvent(line));
  return events;
}

std::vector<TrialEvent> Only(const std::vector<TrialEvent>& events, TrialEvent::Kind kind) {
  std::vector<TrialEvent> found;
  std::copy_if(events.begin(), events.end(), std::back_inserter(found),
               [kind](const TrialEvent& event) { return event.kind == kind; });
  return found;
}

int MostAtOnce(const std::vector<TrialEvent>& events) {
  std::set<pid_t> running;
  size_t most = 0;
  for (const TrialEvent& event : events) {
    if (event.kind == TrialEvent::Kind::kStarted) running.insert(event.pid);
    if (event.kind == TrialEvent::Kind::kEnded || event.kind == TrialEvent::Kind::kStopped) running.erase(event.pid);
    most = std::max(most, running.size());
  }
  return static_cast<int>(most);
}

}  // namespace pegbox::test
