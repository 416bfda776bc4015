#include <cmath>
#include <cstring>
#include <limits>

#include "tests/contract/store_contract.h"
#include "tests/contract/store_samples.h"

namespace pegbox {

void StoreMeasurementContract::SetUp() {
  StoreContract::SetUp();
  Put(SampleJob("job"));
  Put(SampleJob("other"));
  for (int64_t number : {1, 2}) Put(SampleTrial("job", number));
  Put(SampleTrial("other", 1));
}

std::vector<TrialMeasurement> StoreMeasurementContract::List(const MeasurementQuery& query) {
  return Get([&](Reader& reader) { return reader.ListMeasurements("job", query); });
}

std::vector<std::string> StoreMeasurementContract::Keys(const MeasurementQuery& query) {
  std::vector<std::string> keys;
  for (const TrialMeasurement& row : List(query)) {
    keys.push_back(std::to_string(row.trial_number) + "/" + std::to_string(row.attempt) + "/" + row.measurement.metric +
                   "/" + std::to_string(row.measurement.step));
  }
  return keys;
}

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST_P(StoreMeasurementContract, FirstValueOfAKeyWins) {
  const int64_t revision = Revision();
  const Measurement first = SampleMeasurement("loss", 1, 0.5);
  EXPECT_THAT(Insert({"job", 1}, 1, {first}), ElementsAre(0));
  Settle();
  EXPECT_THAT(Insert({"job", 1}, 1, {SampleMeasurement("loss", 1, 9), SampleMeasurement("loss", 2, 8)}),
              ElementsAre(1));
  EXPECT_THAT(Insert({"job", 1}, 2, {SampleMeasurement("loss", 1, 7)}), ElementsAre(0));
  Settle();
  const auto rows = List({});
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0], (TrialMeasurement{1, 1, first, revision + 1}));
  EXPECT_EQ(rows[1].measurement.value, 7);
  EXPECT_EQ(rows[1].revision, revision + 3);
  EXPECT_EQ(rows[2].measurement.value, 8);
}

TEST_P(StoreMeasurementContract, KeyTwiceInOneReportIsStoredOnce) {
  EXPECT_THAT(
      Insert({"job", 1}, 1, {SampleMeasurement("b", 1, 1), SampleMeasurement("a", 1, 2), SampleMeasurement("b", 1, 3)}),
      ElementsAre(0, 1));
  EXPECT_THAT(Keys({}), ElementsAre("1/1/a/1", "1/1/b/1"));
}

TEST_P(StoreMeasurementContract, EmptyReportIsNoChange) {
  const int64_t revision = Revision();
  EXPECT_THAT(Insert({"job", 1}, 1, {}), IsEmpty());
  EXPECT_EQ(Revision(), revision);
}

TEST_P(StoreMeasurementContract, SpecialValuesComeBackBitForBit) {
  const std::vector<double> values = {kInfinity, -kInfinity,        -0.0, 0.0, 5e-324, -1.7976931348623157e308, 3.0,
                                      0.1,       1.0000000000000002};
  std::vector<Measurement> rows;
  for (double value : values) rows.push_back(SampleMeasurement("loss", static_cast<int64_t>(rows.size()), value));
  rows.push_back(SampleMeasurement("loss", static_cast<int64_t>(rows.size()), kNan));
  EXPECT_EQ(Insert({"job", 1}, 1, rows).size(), rows.size());
  Settle();
  const auto seen = List({});
  ASSERT_EQ(seen.size(), rows.size());
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(std::memcmp(&seen[i].measurement.value, &values[i], sizeof(double)), 0) << values[i];
  }
  EXPECT_TRUE(std::isnan(seen.back().measurement.value));
}

TEST_P(StoreMeasurementContract, ExtremeStepsAreKept) {
  const int64_t lowest = std::numeric_limits<int64_t>::min(), highest = std::numeric_limits<int64_t>::max();
  Insert({"job", 1}, 1, {{"loss", highest, 1, SampleTime(1)}, {"loss", lowest, 2, SampleTime(2)}});
  Settle();
  const auto rows = List({});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].measurement.step, lowest);
  EXPECT_EQ(rows[1].measurement.step, highest);
}

TEST_P(StoreMeasurementContract, RowsAreOrderedByTrialMetricStepAttempt) {
  Insert({"job", 2}, 1, {SampleMeasurement("z", 1, 0), SampleMeasurement("a", 2, 0)});
  Insert({"job", 1}, 2, {SampleMeasurement("z", 10, 0), SampleMeasurement("z", 9, 0), SampleMeasurement("a", 1, 0)});
  Insert({"job", 1}, 1, {SampleMeasurement("z", 9, 0)});
  Insert({"other", 1}, 1, {SampleMeasurement("a", 5, 0)});
  Settle();
  EXPECT_THAT(Keys({}), ElementsAre("1/2/a/1", "1/1/z/9", "1/2/z/9", "1/2/z/10", "2/1/a/2", "2/1/z/1"));
  EXPECT_THAT(Keys({.trial_number = 2}), ElementsAre("2/1/a/2", "2/1/z/1"));
  EXPECT_THAT(Keys({.metric = "a"}), ElementsAre("1/2/a/1", "2/1/a/2"));
  EXPECT_THAT(Keys({.trial_number = 1, .metric = "z"}), ElementsAre("1/1/z/9", "1/2/z/9", "1/2/z/10"));
  EXPECT_THAT(Keys({.metric = "unknown"}), IsEmpty());
  EXPECT_THAT(Keys({.limit = 2, .offset = 1}), ElementsAre("1/1/z/9", "1/2/z/9"));
}

TEST_P(StoreMeasurementContract, NewRowsAreThoseSinceARevision) {
  Insert({"job", 2}, 1, {SampleMeasurement("z", 1, 0)});
  const int64_t revision = Revision();
  Insert({"job", 2}, 1, {SampleMeasurement("z", 2, 0), SampleMeasurement("b", 2, 0)});
  Insert({"job", 1}, 1, {SampleMeasurement("a", 1, 0)});
  Settle();
  using Order = MeasurementQuery::Order;
  EXPECT_THAT(Keys({.order = Order::kRevision}), ElementsAre("2/1/z/1", "2/1/b/2", "2/1/z/2", "1/1/a/1"));
  EXPECT_THAT(Keys({.since_revision = revision, .order = Order::kRevision}),
              ElementsAre("2/1/b/2", "2/1/z/2", "1/1/a/1"));
  EXPECT_THAT(Keys({.since_revision = revision}), ElementsAre("1/1/a/1", "2/1/b/2", "2/1/z/2"));
  EXPECT_THAT(Keys({.trial_number = 2, .since_revision = revision, .order = Order::kRevision, .limit = 1}),
              ElementsAre("2/1/b/2"));
  EXPECT_THAT(Keys({.since_revision = Revision()}), IsEmpty());
}

TEST_P(StoreMeasurementContract, ReportForAMissingTrialIsRejected) {
  const absl::Status status = store().Write(Store::Priority::kMeasurements, [](Transaction& transaction) {
    return transaction.InsertMeasurements({"job", 9}, 1, {SampleMeasurement("loss", 1, 1)}).status();
  });
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
}

TEST_P(StoreMeasurementContract, LongReportIsStoredWhole) {
  std::vector<Measurement> rows;
  for (int64_t step = 5000; step > 0; --step) rows.push_back(SampleMeasurement("loss", step, 1.0 / step));
  EXPECT_EQ(Insert({"job", 1}, 1, rows).size(), rows.size());
  EXPECT_THAT(Insert({"job", 1}, 1, rows), IsEmpty());
  Settle();
  const auto seen = List({.limit = 10000});
  ASSERT_EQ(seen.size(), rows.size());
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i].measurement, rows[rows.size() - 1 - i]);
}

}  // namespace
}  // namespace pegbox
