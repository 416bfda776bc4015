#include "tests/integration/expectations.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

namespace pegbox::test {
namespace {

using Kind = TrialEvent::Kind;
using AttemptKey = std::pair<int64_t, int64_t>;                  // trial, attempt
using Rows = std::map<std::pair<std::string, int64_t>, double>;  // (metric, step) to value

std::map<AttemptKey, Rows> ReportedRows(const std::vector<TrialEvent>& record, const std::string& job_id) {
  std::map<AttemptKey, Rows> rows;
  for (const TrialEvent& event : record) {
    if (event.job_id != job_id || event.kind != Kind::kReported) continue;
    Rows& of_attempt = rows[{event.trial, event.attempt}];
    of_attempt[{"validation:loss", event.step}] = event.value;
    of_attempt[{"train:loss", event.step}] = event.value / 2;
  }
  return rows;
}

std::map<AttemptKey, Rows> StoredRows(Cluster& cluster, const std::string& job_id) {
  std::map<AttemptKey, Rows> rows;
  for (const v1::Trial& trial : cluster.Trials(job_id)) {
    const int64_t number = ParseTrialName("name", trial.name())->number;
    for (const v1::TrialMeasurement& row : cluster.Measurements(job_id, number)) {
      EXPECT_EQ(row.trial_number(), number);
      const bool is_new =
          rows[{number, row.attempt()}]
              .insert({{row.measurement().metric(), row.measurement().step()}, row.measurement().value()})
              .second;
      EXPECT_TRUE(is_new) << "twice: " << row.ShortDebugString();
    }
  }
  return rows;
}

// The attempts that came to their own end.
std::set<AttemptKey> EndedAttempts(const std::vector<TrialEvent>& record, const std::string& job_id) {
  std::set<AttemptKey> ended;
  for (const TrialEvent& event : record) {
    const bool is_end = event.kind == Kind::kEnded || event.kind == Kind::kStopped;
    if (event.job_id == job_id && is_end) ended.insert({event.trial, event.attempt});
  }
  return ended;
}

// Rows are sent in order, so what a killed attempt did not bring over is its end.
void ExpectBeginningOf(const Rows& reported, const Rows& stored) {
  for (const auto& [key, value] : stored) {
    const auto found = reported.find(key);
    ASSERT_TRUE(found != reported.end()) << "never reported: " << key.first << " at step " << key.second;
    EXPECT_EQ(found->second, value) << key.first << " at step " << key.second;
  }
  std::map<std::string, int64_t> last_step;
  for (const auto& [key, value] : stored) last_step[key.first] = key.second;
  for (const auto& [key, value] : reported) {
    EXPECT_TRUE(stored.count(key) == 1 || key.second > last_step[key.first])
        << "missing in between: " << key.first << " at step " << key.second;
  }
}

}  // namespace

void ExpectEachReportOnce(Cluster& cluster, const std::string& job_id) {
  const std::vector<TrialEvent> record = cluster.Record();
  const std::set<AttemptKey> ended = EndedAttempts(record, job_id);
  std::map<AttemptKey, Rows> reported = ReportedRows(record, job_id);
  std::map<AttemptKey, Rows> stored = StoredRows(cluster, job_id);
  for (const auto& [key, rows] : stored) reported[key];
  for (const auto& [key, rows] : reported) {
    SCOPED_TRACE(absl::StrCat("trial ", key.first, ", attempt ", key.second));
    if (ended.count(key) == 1) {
      EXPECT_EQ(stored[key], rows);
    } else {
      ExpectBeginningOf(rows, stored[key]);
    }
  }
}

void ExpectEachTrialRunOnce(Cluster& cluster, const std::string& job_id, int64_t trials) {
  std::map<AttemptKey, int> starts;
  for (const TrialEvent& event : cluster.Record(Kind::kStarted)) {
    if (event.job_id == job_id) ++starts[{event.trial, event.attempt}];
  }
  std::map<AttemptKey, int> expected;
  for (int64_t number = 1; number <= trials; ++number) expected[{number, 1}] = 1;
  EXPECT_EQ(starts, expected);
}

void ExpectNoOverlap(Cluster& cluster) {
  for (const TrialEvent& event : cluster.Record(Kind::kOverlap)) {
    ADD_FAILURE() << event.job_id << "/" << event.trial << ", attempt " << event.attempt
                  << ": another attempt was still alive";
  }
}

}  // namespace pegbox::test
