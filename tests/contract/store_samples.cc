#include "tests/contract/store_samples.h"

#include <cstdlib>
#include <iostream>
#include <limits>
#include <utility>

namespace pegbox {
namespace {

SearchSpace Space(std::vector<Parameter> parameters) {
  absl::StatusOr<SearchSpace> space = SearchSpace::Create(std::move(parameters));
  if (!space.ok()) {
    std::cerr << space.status() << "\n";
    std::abort();
  }
  return *std::move(space);
}

Parameter Named(absl::string_view name, ParameterDomain domain) {
  Parameter parameter;
  parameter.name = std::string(name);
  parameter.domain = std::move(domain);
  return parameter;
}

}  // namespace

absl::Time SampleTime(int64_t seconds) { return absl::FromUnixMicros(1'700'000'000'123'456) + absl::Seconds(seconds); }

TuningJob SampleJob(absl::string_view id, int64_t created) {
  TuningJob job;
  job.id = std::string(id);
  job.spec.objective = {"validation:accuracy", Goal::kMaximize};
  job.spec.search_space = Space({Named("learning_rate", DoubleDomain{1e-5, 0.1, Scale::kLog})});
  job.spec.max_jobs = 100;
  job.spec.max_parallel_jobs = 2;
  job.spec.strategy.seed = 1;
  job.spec.trial = {.command = {"train", "--lr={learning_rate}"}};
  job.create_time = SampleTime(created);
  return job;
}

TuningJobSpec FullSpec() {
  TuningJobSpec spec;
  spec.display_name = "Every kind, \"quoted\"\n\xc3\xa9";
  spec.objective = {"validation:loss", Goal::kMinimize, 0.1, ObjectiveScope::kLast};
  Parameter optimizer = Named("optimizer", CategoricalDomain{{"adam", "sgd"}});
  optimizer.default_value = std::string("sgd");
  Parameter momentum = Named("momentum", DoubleDomain{0.5, 0.999, Scale::kReverseLog});
  momentum.condition = Condition{"optimizer", {std::string("sgd")}};
  momentum.default_value = 0.9;
  Parameter layers = Named("layers", IntegerDomain{1, int64_t{1} << 52, Scale::kLog});
  layers.default_value = int64_t{3};
  spec.search_space = Space({std::move(optimizer), std::move(momentum), std::move(layers),
                             Named("learning_rate", DoubleDomain{1.0000000000000002e-5, 0.1, Scale::kLog}),
                             Named("weight_decay", DoubleDomain{1e-7, 1, Scale::kLog, true}),
                             Named("batch_size", DiscreteDomain{{16, 32, 100.5}}), Named("nesterov", BoolDomain{}),
                             Named("whole", ConstantDomain{int64_t{1}}), Named("real", ConstantDomain{1.0})});
  spec.max_jobs = 1000;
  spec.max_parallel_jobs = 17;
  spec.max_runtime = absl::Hours(5) + absl::Nanoseconds(1);
  spec.strategy = {Algorithm::kSobol, std::numeric_limits<uint64_t>::max()};
  spec.early_stopping = {MedianRule{7, 3}, PatienceRule{4, 1e-4, 2}};
  spec.trial.emplace().command = {"python3", "train.py", "{layers}", ""};
  spec.trial->environment = {{"OMP_NUM_THREADS", "1"}, {"EMPTY", ""}};
  spec.trial->working_directory = "/srv/work";
  spec.trial->metric_definitions = {{"validation:loss", "loss=([0-9.]+)"}, {"pegbox:step", "epoch ([0-9]+)"}};
  spec.trial->grace_period = absl::Milliseconds(2500);
  spec.trial->max_runtime = absl::InfiniteDuration();
  spec.max_consecutive_failures = 9;
  return spec;
}

Trial SampleTrial(absl::string_view job_id, int64_t number) {
  Trial trial;
  trial.id = {std::string(job_id), number};
  trial.parameters = {{"learning_rate", 0.001 * static_cast<double>(number)}};
  trial.provenance.source = "random";
  trial.create_time = SampleTime(number);
  return trial;
}

Trial Running(Trial trial, absl::string_view worker_id, int64_t attempt) {
  trial.state = TrialState::kRunning;
  trial.attempt = Attempt{attempt, std::string(worker_id), "incarnation-1", SampleTime(1000 + attempt)};
  trial.start_time = SampleTime(1001);
  return trial;
}

Trial FullTrial(absl::string_view job_id, int64_t number) {
  Trial trial = Running(SampleTrial(job_id, number));
  trial.parameters = {
      {"rate", 0.1}, {"whole", 1.0}, {"count", int64_t{1}}, {"name", std::string("adam")}, {"on", true}};
  trial.provenance = {"gp", -0.25, 12, 3.5, "note", SurrogateFit{{-0.5, 0.25, -6}, {0.1, 0, -7}, 9, 21}, 11, -1.5};
  trial.state = TrialState::kFailed;
  trial.attempt->number = 3;
  trial.attempt->end_time = SampleTime(2000);
  trial.attempt->failure = Failure{FailureKind::kSignal, "killed", 0, 9};
  trial.value = 0.30000000000000004;
  trial.best_step = 4;
  trial.last_step = 7;
  trial.stop = StopDecision{"median", StopDecision::Outcome::kEarlyStopped, 7, 0.25, 0.5, 6, "0.25 is below 0.5"};
  trial.failure = Failure{FailureKind::kExitCode, "exit code 3", 3, 0};
  trial.checkpoint_path = "/checkpoints/1";
  trial.checkpoint_step = 4;
  trial.end_time = SampleTime(2001);
  return trial;
}

Trial WithValue(Trial trial, double value, TrialState state) {
  trial.state = state;
  trial.value = value;
  return trial;
}

Worker SampleWorker(absl::string_view id) {
  return {std::string(id), "incarnation-1", "host.example", {"GPU 0", "GPU 1"}, "0.1.0", SampleTime(5), false};
}

Measurement SampleMeasurement(absl::string_view metric, int64_t step, double value) {
  return {std::string(metric), step, value, SampleTime(step)};
}

}  // namespace pegbox
