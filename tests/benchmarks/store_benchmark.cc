// How fast the store acknowledges and answers on this machine's disk:
//   store_benchmark --folder FOLDER --threads 32 --rows 4 --seconds 5 --trials 10000
// Each thread reports in lock step, as a worker's stream does: one report of `rows` measurements, then it waits for the
// commit. Meanwhile one thread changes the states of trials. Afterwards the reads that pages and plans are made of.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "common/status_macros.h"
#include "server/store/sqlite_store.h"

namespace pegbox {
namespace {

struct Load {
  std::string folder;
  int threads = 32;
  int rows = 4;
  double seconds = 5;
  int64_t trials = 10'000;
};

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << "\n";
  std::exit(1);
}

Trial MakeTrial(int64_t number) {
  Trial trial;
  trial.id = {"benchmark", number};
  trial.parameters = {{"learning_rate", 0.001}, {"layers", int64_t{3}}, {"optimizer", std::string("adam")}};
  trial.provenance.source = "random";
  trial.state = TrialState::kCompleted;
  trial.value = 1.0 / static_cast<double>(number);
  trial.create_time = absl::Now();
  return trial;
}

void PutTrials(Store& store, int64_t count) {
  Check(store.Write(Store::Priority::kState, [&](Transaction& transaction) -> absl::Status {
    TuningJob job;
    job.id = "benchmark";
    job.create_time = absl::Now();
    PEGBOX_RETURN_IF_ERROR(transaction.PutTuningJob(job));
    for (int64_t number = 1; number <= count; ++number) {
      PEGBOX_RETURN_IF_ERROR(transaction.PutTrial(MakeTrial(number)));
    }
    return absl::OkStatus();
  }));
}

// Repeats `write` until `deadline`; the time that each took, in milliseconds.
std::vector<double> Repeat(absl::Time deadline, const std::function<absl::Status(int64_t)>& write) {
  std::vector<double> milliseconds;
  for (int64_t i = 0; absl::Now() < deadline; ++i) {
    const absl::Time start = absl::Now();
    Check(write(i));
    milliseconds.push_back(absl::ToDoubleMilliseconds(absl::Now() - start));
  }
  return milliseconds;
}

void PrintLatency(const char* name, std::vector<double> milliseconds, double seconds) {
  if (milliseconds.empty()) return;
  std::sort(milliseconds.begin(), milliseconds.end());
  const auto at = [&](double share) { return milliseconds[static_cast<size_t>(share * (milliseconds.size() - 1))]; };
  std::printf("%-14s %9.0f /s   p50 %7.2f ms   p99 %7.2f ms   max %7.2f ms\n", name, milliseconds.size() / seconds,
              at(0.5), at(0.99), at(1));
}

void MeasureWrites(SqliteStore& store, const Load& load) {
  const SqliteStore::Statistics before = store.statistics();
  const absl::Time deadline = absl::Now() + absl::Seconds(load.seconds);
  std::vector<std::vector<double>> reports(load.threads);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < load.threads; ++thread) {
    threads.emplace_back([&, thread] {
      reports[thread] = Repeat(deadline, [&](int64_t i) {
        std::vector<Measurement> rows;
        for (int row = 0; row < load.rows; ++row) {
          rows.push_back({"metric:" + std::to_string(row), i, 0.5 + static_cast<double>(i), absl::Now()});
        }
        return store.Write(Store::Priority::kMeasurements, [&](Transaction& transaction) {
          return transaction.InsertMeasurements({"benchmark", 1 + thread}, 1, rows).status();
        });
      });
    });
  }
  const std::vector<double> states = Repeat(deadline, [&](int64_t i) {
    return store.Write(Store::Priority::kState,
                       [&](Transaction& transaction) { return transaction.PutTrial(MakeTrial(1 + i % load.trials)); });
  });
  for (std::thread& thread : threads) thread.join();
  std::vector<double> all;
  for (const std::vector<double>& one : reports) all.insert(all.end(), one.begin(), one.end());
  const SqliteStore::Statistics after = store.statistics();
  const int64_t commits = after.commits - before.commits;
  std::printf("%d threads, %d rows a report: %.0f rows/s in %.0f commits/s, %.1f bodies a commit\n", load.threads,
              load.rows, all.size() * load.rows / load.seconds, commits / load.seconds,
              static_cast<double>(after.writes - before.writes) / commits);
  PrintLatency("reports", std::move(all), load.seconds);
  PrintLatency("state changes", states, load.seconds);
}

template <typename Read>
void MeasureRead(SqliteStore& store, const char* name, Read read) {
  constexpr int kRepeats = 20;
  std::vector<double> milliseconds;
  for (int i = 0; i < kRepeats; ++i) {
    const absl::Time start = absl::Now();
    Check(store.Read([&](Reader& reader) { return read(reader).status(); }));
    milliseconds.push_back(absl::ToDoubleMilliseconds(absl::Now() - start));
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  std::printf("%-34s p50 %8.3f ms\n", name, milliseconds[kRepeats / 2]);
}

void MeasureReads(SqliteStore& store) {
  using Order = TrialQuery::Order;
  MeasureRead(store, "CountTrials", [](Reader& reader) { return reader.CountTrials("benchmark"); });
  MeasureRead(store, "FindBestTrial",
              [](Reader& reader) { return reader.FindBestTrial("benchmark", Goal::kMinimize); });
  MeasureRead(store, "ListTrials, first 100",
              [](Reader& reader) { return reader.ListTrials("benchmark", {.limit = 100}); });
  MeasureRead(store, "ListTrials, best 100", [](Reader& reader) {
    return reader.ListTrials("benchmark", {.order = Order::kBestFirst, .limit = 100});
  });
  MeasureRead(store, "ListDispatchableTrials", [](Reader& reader) { return reader.ListDispatchableTrials(10); });
  MeasureRead(store, "ListMeasurements, 1000 of a trial", [](Reader& reader) {
    return reader.ListMeasurements("benchmark", {.trial_number = 1, .metric = "metric:0"});
  });
}

void Run(const Load& load) {
  auto store = SqliteStore::Open({.path = load.folder + "/store_benchmark.db"});
  Check(store.status());
  PutTrials(**store, load.trials);
  MeasureWrites(**store, load);
  MeasureReads(**store);
  const absl::Time start = absl::Now();
  store->reset();
  Check(SqliteStore::Open({.path = load.folder + "/store_benchmark.db"}).status());
  std::printf("%-34s     %8.3f ms\n", "close and open again", absl::ToDoubleMilliseconds(absl::Now() - start));
}

}  // namespace
}  // namespace pegbox

int main(int argc, char** argv) {
  pegbox::Load load;
  CLI::App app("Measures the store on this machine's disk.");
  app.add_option("--folder", load.folder, "An empty folder on the disk to measure")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--threads", load.threads, "Threads that report in lock step")->check(CLI::Range(1, 1000));
  app.add_option("--rows", load.rows, "Measurements a report")->check(CLI::Range(1, 10'000));
  app.add_option("--seconds", load.seconds, "How long to write")->check(CLI::Range(0.1, 3600.0));
  app.add_option("--trials", load.trials, "Trials of the job; at least as many as threads")
      ->check(CLI::Range(1, 1'000'000));
  CLI11_PARSE(app, argc, argv);
  load.trials = std::max<int64_t>(load.trials, load.threads);
  pegbox::Run(load);
}
