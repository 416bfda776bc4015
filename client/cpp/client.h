// A typed client over pegbox.v1.TuningService. Jobs and trials go by their ids; lists come whole, whatever the pages.
//
// Every method answers with the server's status (see tuning_service.proto), and besides with
//   UNAVAILABLE        nothing answers at the address
//   DEADLINE_EXCEEDED  no answer within Options.call_timeout
//   CANCELLED          the call's Cancellation was used
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cpp/cancellation.h"
#include "common/resource_name.h"
#include "pegbox/v1/tuning_service.grpc.pb.h"

namespace pegbox {

// Thread-safe.
class Client {
 public:
  struct Options {
    std::string address = "127.0.0.1:7654";           // host:port; plaintext, so loopback only
    absl::Duration call_timeout = absl::Seconds(30);  // of each call but Watch and ReadTrialLog
  };

  struct WatchOptions {
    int64_t since_revision = 0;
    // How long to go on without a word from a server that is away, before UNAVAILABLE is the answer.
    absl::Duration patience = absl::Minutes(1);
    Cancellation* cancellation = nullptr;  // may be null
    // Called before each new try, with what broke the stream; may be empty.
    std::function<void(const absl::Status&)> on_retry;
  };

  struct LogOptions {
    int64_t attempt = 0;  // 0: the last one
    bool follow = false;  // on until the attempt has ended
    Cancellation* cancellation = nullptr;
  };

  // Connects when the first call is made.
  explicit Client(const Options& options);

  absl::StatusOr<v1::TuningJob> CreateTuningJob(const v1::CreateTuningJobRequest& request);
  absl::StatusOr<v1::TuningJob> GetTuningJob(absl::string_view job_id);
  absl::StatusOr<std::vector<v1::TuningJob>> ListTuningJobs();
  absl::StatusOr<v1::TuningJob> UpdateTuningJob(const v1::UpdateTuningJobRequest& request);
  absl::StatusOr<v1::TuningJob> StopTuningJob(absl::string_view job_id);
  absl::StatusOr<v1::TuningJob> PauseTuningJob(absl::string_view job_id);
  absl::StatusOr<v1::TuningJob> ResumeTuningJob(absl::string_view job_id);

  absl::StatusOr<v1::TuningJobDiagnosis> DiagnoseTuningJob(const v1::DiagnoseTuningJobRequest& request);

  // Calls `on_event` for everything that changed after `since_revision`, until the job has ended. A stream that breaks
  // with UNAVAILABLE is taken up again after the last revision received, with growing, jittered pauses.
  absl::Status Watch(absl::string_view job_id, const WatchOptions& options,
                     const std::function<void(const v1::WatchTuningJobResponse&)>& on_event);

  absl::StatusOr<v1::Trial> GetTrial(const TrialId& id);
  absl::StatusOr<std::vector<v1::Trial>> ListTrials(absl::string_view job_id,
                                                    v1::ListTrialsRequest::Order order = v1::ListTrialsRequest::NUMBER,
                                                    const std::vector<v1::Trial::State>& states = {});
  absl::StatusOr<v1::GetBestTrialResponse> GetBestTrial(absl::string_view job_id);
  absl::StatusOr<v1::Trial> StopTrial(const TrialId& id);
  // Of every metric when `metric` is empty.
  absl::StatusOr<std::vector<v1::TrialMeasurement>> ListMeasurements(const TrialId& id, absl::string_view metric = "");
  // Calls `on_data` for each piece of the attempt's output, in order.
  absl::Status ReadTrialLog(const TrialId& id, const LogOptions& options,
                            const std::function<void(absl::string_view)>& on_data);

  // Ask and tell, for programs that run trials themselves. A trial's attempt is what SuggestTrials handed out; once
  // another holds the trial, telling answers ABORTED. SuggestTrials waits up to 30 s while no trial is free, but no
  // longer than call_timeout.
  absl::StatusOr<v1::SuggestTrialsResponse> SuggestTrials(const v1::SuggestTrialsRequest& request);
  absl::StatusOr<v1::ReportMeasurementsResponse> ReportMeasurements(const v1::ReportMeasurementsRequest& request);
  absl::StatusOr<v1::Trial> CompleteTrial(const v1::CompleteTrialRequest& request);

  absl::StatusOr<std::vector<v1::Worker>> ListWorkers();

 private:
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (v1::TuningService::StubInterface::*method)(grpc::ClientContext*,
                                                                                         const Request&, Response*),
                                const Request& request);
  // Reads one stream to its end; moves `request`'s since_revision on with each event.
  absl::Status WatchOnce(v1::WatchTuningJobRequest& request, Cancellation* cancellation,
                         const std::function<void(const v1::WatchTuningJobResponse&)>& on_event);

  const absl::Duration call_timeout_;
  const std::unique_ptr<v1::TuningService::StubInterface> stub_;
};

}  // namespace pegbox
