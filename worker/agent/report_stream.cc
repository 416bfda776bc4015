#include "worker/agent/report_stream.h"

#include <utility>

#include "absl/time/clock.h"
#include "common/grpc_status.h"
#include "worker/agent/conversion.h"

namespace pegbox::worker {

ReportStream::ReportStream(v1::WorkerService::Stub& stub, v1::ReportTrialRequest head, Interrupt& interrupt)
    : head_(std::move(head)), scope_(interrupt, context_), stream_(stub.PrepareAsyncReportTrial(&context_, &queue_)) {}

ReportStream::~ReportStream() {
  context_.TryCancel();
  if (is_started_ && !is_finished_) Fail().IgnoreError();
  queue_.Shutdown();
  void* tag = nullptr;
  bool is_ok = false;
  while (queue_.Next(&tag, &is_ok)) {
  }
}

absl::StatusOr<ReportReply> ReportStream::Exchange(const ReportMessage& message, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  if (!is_started_) {
    is_started_ = true;
    stream_->StartCall(this);
    if (!Await(deadline)) return Fail();
  }
  v1::ReportTrialRequest request = head_;
  ToProto(message, request);
  stream_->Write(request, this);
  if (!Await(deadline)) return Fail();
  v1::ReportTrialResponse response;
  stream_->Read(&response, this);
  if (!Await(deadline)) return Fail();
  return ReportReply{.should_stop = response.should_stop(),
                     .stop_reason = response.stop_reason(),
                     .log_size_bytes = response.log_size()};
}

bool ReportStream::Await(absl::Time deadline) {
  void* tag = nullptr;
  bool is_ok = false;
  if (queue_.AsyncNext(&tag, &is_ok, absl::ToChronoTime(deadline)) == grpc::CompletionQueue::GOT_EVENT) return is_ok;
  has_timed_out_ = true;
  context_.TryCancel();
  queue_.Next(&tag, &is_ok);  // comes now, because the call is cancelled
  return false;
}

absl::Status ReportStream::Fail() {
  is_finished_ = true;
  grpc::Status status;
  stream_->Finish(&status, this);
  void* tag = nullptr;
  bool is_ok = false;
  queue_.Next(&tag, &is_ok);
  if (has_timed_out_) return absl::DeadlineExceededError("report: the server did not answer in time");
  if (status.ok()) return absl::UnavailableError("report: the server ended the stream");
  return FromGrpcStatus(status);
}

}  // namespace pegbox::worker
