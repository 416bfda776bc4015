// The promises of server/store/store.h, tested against any Store. A store's own test instantiates StoreContract with
// the ways in which it can be opened.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "server/store/store.h"

namespace pegbox {

// A store under test and what it rests on.
class StoreHost {
 public:
  virtual ~StoreHost() = default;
  virtual Store& store() = 0;
  // A moment between two steps of a test: a host may close its store here and open it again.
  virtual void Settle() {}
};

struct StoreKind {
  std::string name;
  std::function<std::unique_ptr<StoreHost>()> make;
};

inline void PrintTo(const StoreKind& kind, std::ostream* out) { *out << kind.name; }

class StoreContract : public ::testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override { host_ = GetParam().make(); }

  Store& store() { return host_->store(); }
  void Settle() { host_->Settle(); }

  // Each in a transaction of its own; fails the test when it fails.
  void Put(const TuningJob& job);
  void Put(const Trial& trial);
  void Put(const Worker& worker);
  std::vector<size_t> Insert(const TrialId& id, int64_t attempt, const std::vector<Measurement>& rows);
  int64_t Revision();

  // What `read` answers on a view of its own; fails the test when the view or the answer fails.
  template <typename Read>
  auto Get(Read read) {
    decltype(read(std::declval<Reader&>())) result = absl::UnknownError("not read");
    EXPECT_TRUE(store()
                    .Read([&](Reader& reader) {
                      result = read(reader);
                      return absl::OkStatus();
                    })
                    .ok());
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *std::move(result) : typename decltype(result)::value_type{};
  }
  // The status that `read` answers with.
  template <typename Read>
  absl::Status GetStatus(Read read) {
    return store().Read([&](Reader& reader) { return read(reader).status(); });
  }

 private:
  std::unique_ptr<StoreHost> host_;
};

// With the jobs "job", of trials 1 and 2, and "other", of trial 1.
class StoreMeasurementContract : public StoreContract {
 protected:
  void SetUp() override;

  // Of "job".
  std::vector<TrialMeasurement> List(const MeasurementQuery& query);
  // "trial/attempt/metric/step" of each.
  std::vector<std::string> Keys(const MeasurementQuery& query);
};

// The trials' numbers, in their order.
std::vector<int64_t> Numbers(const std::vector<Trial>& trials);
std::vector<std::string> Ids(const std::vector<TuningJob>& jobs);

}  // namespace pegbox
