#include "client/cpp/client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <iterator>

#include "absl/random/random.h"
#include "absl/time/clock.h"
#include "common/grpc_status.h"
#include "common/status_macros.h"

namespace pegbox {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(200);
constexpr absl::Duration kLongestPause = absl::Seconds(5);

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  // gRPC's own pauses between connections grow to 2 minutes; Watch's would then hit a channel that does not even try.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // In spite of its name, the time that one try may take: a busy machine, or a tunnel to a far one, needs more than 100
  // ms.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  // A proxy cannot reach this machine's loopback.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

// Doubles with each failure in a row. The jitter keeps many clients of one server from coming back at once.
class Backoff {
 public:
  absl::Duration Next() {
    const absl::Duration pause = ceiling_ * absl::Uniform(random_, 0.5, 1.0);
    ceiling_ = std::min(2 * ceiling_, kLongestPause);
    return pause;
  }
  void Reset() { ceiling_ = kFirstPause; }

 private:
  absl::BitGen random_;
  absl::Duration ceiling_ = kFirstPause;
};

template <typename Request>
Request Named(std::string name) {
  Request request;
  request.set_name(std::move(name));
  return request;
}

// All pages of a list. `call` answers one page; `items` gives the page's repeated field.
template <typename Item, typename Request, typename CallPage, typename Items>
absl::StatusOr<std::vector<Item>> AllPages(Request request, const CallPage& call, const Items& items) {
  std::vector<Item> all;
  do {
    PEGBOX_ASSIGN_OR_RETURN(auto page, call(request));
    auto* const rows = items(page);
    std::move(rows->begin(), rows->end(), std::back_inserter(all));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return all;
}

}  // namespace

using Stub = v1::TuningService::StubInterface;

Client::Client(const Options& options)
    : call_timeout_(options.call_timeout), stub_(v1::TuningService::NewStub(MakeChannel(options.address))) {}

template <typename Request, typename Response>
absl::StatusOr<Response> Client::Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                      const Request& request) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + call_timeout_));
  Response response;
  PEGBOX_RETURN_IF_ERROR(FromGrpcStatus(((*stub_).*method)(&context, request, &response)));
  return response;
}

absl::StatusOr<v1::TuningJob> Client::CreateTuningJob(const v1::CreateTuningJobRequest& request) {
  return Call(&Stub::CreateTuningJob, request);
}

absl::StatusOr<v1::TuningJob> Client::GetTuningJob(absl::string_view job_id) {
  return Call(&Stub::GetTuningJob, Named<v1::GetTuningJobRequest>(TuningJobName(job_id)));
}

absl::StatusOr<std::vector<v1::TuningJob>> Client::ListTuningJobs() {
  return AllPages<v1::TuningJob>(
      v1::ListTuningJobsRequest(), [this](const auto& request) { return Call(&Stub::ListTuningJobs, request); },
      [](auto& page) { return page.mutable_tuning_jobs(); });
}

absl::StatusOr<v1::TuningJob> Client::UpdateTuningJob(const v1::UpdateTuningJobRequest& request) {
  return Call(&Stub::UpdateTuningJob, request);
}

absl::StatusOr<v1::TuningJob> Client::StopTuningJob(absl::string_view job_id) {
  return Call(&Stub::StopTuningJob, Named<v1::StopTuningJobRequest>(TuningJobName(job_id)));
}

absl::StatusOr<v1::TuningJob> Client::PauseTuningJob(absl::string_view job_id) {
  return Call(&Stub::PauseTuningJob, Named<v1::PauseTuningJobRequest>(TuningJobName(job_id)));
}

absl::StatusOr<v1::TuningJob> Client::ResumeTuningJob(absl::string_view job_id) {
  return Call(&Stub::ResumeTuningJob, Named<v1::ResumeTuningJobRequest>(TuningJobName(job_id)));
}

absl::StatusOr<v1::TuningJobDiagnosis> Client::DiagnoseTuningJob(const v1::DiagnoseTuningJobRequest& request) {
  return Call(&Stub::DiagnoseTuningJob, request);
}

absl::Status Client::WatchOnce(v1::WatchTuningJobRequest& request, Cancellation* cancellation,
                               const std::function<void(const v1::WatchTuningJobResponse&)>& on_event) {
  grpc::ClientContext context;
  const Cancellation::Scope scope(cancellation, &context);
  const auto stream = stub_->WatchTuningJob(&context, request);
  v1::WatchTuningJobResponse event;
  while (stream->Read(&event)) {
    request.set_since_revision(event.revision());
    on_event(event);
  }
  return FromGrpcStatus(stream->Finish());
}

absl::Status Client::Watch(absl::string_view job_id, const WatchOptions& options,
                           const std::function<void(const v1::WatchTuningJobResponse&)>& on_event) {
  auto request = Named<v1::WatchTuningJobRequest>(TuningJobName(job_id));
  request.set_since_revision(options.since_revision);
  Backoff backoff;
  absl::Time last_word = absl::Now();
  while (true) {
    const absl::Status status = WatchOnce(request, options.cancellation, [&](const v1::WatchTuningJobResponse& event) {
      on_event(event);
      backoff.Reset();
      last_word = absl::Now();
    });
    if (options.cancellation != nullptr && options.cancellation->IsCanceled() && !status.ok()) {
      return absl::CancelledError("the watch was broken off");
    }
    if (!absl::IsUnavailable(status) || absl::Now() - last_word >= options.patience) return status;
    if (options.on_retry) options.on_retry(status);
    const absl::Duration pause = backoff.Next();
    if (options.cancellation == nullptr) {
      absl::SleepFor(pause);
    } else if (options.cancellation->WaitFor(pause)) {
      return absl::CancelledError("the watch was broken off");
    }
  }
}

absl::StatusOr<v1::Trial> Client::GetTrial(const TrialId& id) {
  return Call(&Stub::GetTrial, Named<v1::GetTrialRequest>(TrialName(id)));
}

absl::StatusOr<std::vector<v1::Trial>> Client::ListTrials(absl::string_view job_id, v1::ListTrialsRequest::Order order,
                                                          const std::vector<v1::Trial::State>& states) {
  v1::ListTrialsRequest request;
  request.set_parent(TuningJobName(job_id));
  request.set_order(order);
  for (const v1::Trial::State state : states) request.add_states(state);
  return AllPages<v1::Trial>(
      std::move(request), [this](const auto& page_request) { return Call(&Stub::ListTrials, page_request); },
      [](auto& page) { return page.mutable_trials(); });
}

absl::StatusOr<v1::GetBestTrialResponse> Client::GetBestTrial(absl::string_view job_id) {
  v1::GetBestTrialRequest request;
  request.set_parent(TuningJobName(job_id));
  return Call(&Stub::GetBestTrial, request);
}

absl::StatusOr<v1::Trial> Client::StopTrial(const TrialId& id) {
  return Call(&Stub::StopTrial, Named<v1::StopTrialRequest>(TrialName(id)));
}

absl::StatusOr<std::vector<v1::TrialMeasurement>> Client::ListMeasurements(const TrialId& id,
                                                                           absl::string_view metric) {
  v1::ListMeasurementsRequest request;
  request.set_parent(TrialName(id));
  request.set_metric(std::string(metric));
  return AllPages<v1::TrialMeasurement>(
      std::move(request), [this](const auto& page_request) { return Call(&Stub::ListMeasurements, page_request); },
      [](auto& page) { return page.mutable_measurements(); });
}

absl::Status Client::ReadTrialLog(const TrialId& id, const LogOptions& options,
                                  const std::function<void(absl::string_view)>& on_data) {
  auto request = Named<v1::ReadTrialLogRequest>(TrialName(id));
  request.set_attempt(options.attempt);
  request.set_follow(options.follow);
  grpc::ClientContext context;
  const Cancellation::Scope scope(options.cancellation, &context);
  const auto stream = stub_->ReadTrialLog(&context, request);
  v1::ReadTrialLogResponse piece;
  while (stream->Read(&piece)) on_data(piece.data());
  return FromGrpcStatus(stream->Finish());
}

absl::StatusOr<v1::SuggestTrialsResponse> Client::SuggestTrials(const v1::SuggestTrialsRequest& request) {
  return Call(&Stub::SuggestTrials, request);
}

absl::StatusOr<v1::ReportMeasurementsResponse> Client::ReportMeasurements(
    const v1::ReportMeasurementsRequest& request) {
  return Call(&Stub::ReportMeasurements, request);
}

absl::StatusOr<v1::Trial> Client::CompleteTrial(const v1::CompleteTrialRequest& request) {
  return Call(&Stub::CompleteTrial, request);
}

absl::StatusOr<std::vector<v1::Worker>> Client::ListWorkers() {
  PEGBOX_ASSIGN_OR_RETURN(v1::ListWorkersResponse response, Call(&Stub::ListWorkers, v1::ListWorkersRequest()));
  return std::vector<v1::Worker>(response.workers().begin(), response.workers().end());
}

}  // namespace pegbox
