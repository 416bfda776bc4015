// Runs the trials of a job itself, without a worker: docs/ask-and-tell.md.
//   ask_and_tell_example HOST:PORT JOB
#include <cmath>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/cpp/client.h"
#include "common/status_macros.h"

namespace pegbox {
namespace {

// What is to become small; best at a learning rate of 0.01.
double Train(const v1::Trial& trial) {
  const double distance = std::log10(trial.parameters().at("learning_rate").double_value()) + 2;
  return 0.1 + distance * distance;
}

absl::Status RunTrials(Client& client, absl::string_view job_id) {
  v1::SuggestTrialsRequest ask;
  ask.set_parent(TuningJobName(job_id));
  ask.set_client("example");
  for (int i = 0;; ++i) {
    ask.set_request_id(absl::StrCat("ask-", i));
    PEGBOX_ASSIGN_OR_RETURN(const v1::SuggestTrialsResponse asked, client.SuggestTrials(ask));
    const bool goes_on = asked.job_state() == v1::TuningJob::RUNNING || asked.job_state() == v1::TuningJob::PAUSED;
    if (asked.trials().empty() && !goes_on) return absl::OkStatus();
    for (const v1::Trial& trial : asked.trials()) {
      v1::CompleteTrialRequest tell;
      tell.set_name(trial.name());
      tell.set_attempt(trial.attempt());
      v1::Measurement& loss = *tell.add_measurements();
      loss.set_metric("loss");
      loss.set_step(1);
      loss.set_value(Train(trial));
      PEGBOX_RETURN_IF_ERROR(client.CompleteTrial(tell).status());
    }
  }
}

}  // namespace
}  // namespace pegbox

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: ask_and_tell_example HOST:PORT JOB\n";
    return 2;
  }
  pegbox::Client client({.address = argv[1]});
  const absl::Status status = pegbox::RunTrials(client, argv[2]);
  if (!status.ok()) std::cerr << status.ToString() << "\n";
  return status.ok() ? 0 : 1;
}
