// One ReportTrial stream, used in lock step: a message, its answer, the next message.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_stream.h>

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pegbox/v1/worker_service.grpc.pb.h"
#include "worker/agent/interrupt.h"
#include "worker/agent/report_message.h"

namespace pegbox::worker {

// Thread-compatible; the interrupt may be raised from any thread. After an error the stream is dead. An object of the
// asynchronous interface, because a synchronous one cannot give up on an answer.
class ReportStream {
 public:
  // `head` holds what is the same in all messages. Stub and interrupt outlive the stream.
  ReportStream(v1::WorkerService::Stub& stub, v1::ReportTrialRequest head, Interrupt& interrupt);
  ~ReportStream();
  ReportStream(const ReportStream&) = delete;
  ReportStream& operator=(const ReportStream&) = delete;

  // The answer, after the server has committed the rows. Errors: as worker_service.proto; UNAVAILABLE also when the
  // server ended the stream in peace; DEADLINE_EXCEEDED: no answer within `timeout`; CANCELLED: interrupted.
  absl::StatusOr<ReportReply> Exchange(const ReportMessage& message, absl::Duration timeout);

 private:
  // Waits for the operation under way; false: it failed, and the stream with it.
  bool Await(absl::Time deadline);
  absl::Status Fail();

  const v1::ReportTrialRequest head_;
  grpc::ClientContext context_;
  const Interrupt::Scope scope_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<v1::ReportTrialRequest, v1::ReportTrialResponse>> stream_;
  bool is_started_ = false;
  bool has_timed_out_ = false;
  bool is_finished_ = false;
};

}  // namespace pegbox::worker
