// Breaks off calls from another thread, such as a signal's. One Cancellation may serve several calls.
#pragma once

#include <grpcpp/client_context.h>

#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace pegbox {

// Thread-safe. Outlives the calls that it is given to.
class Cancellation {
 public:
  // Breaks off the calls under way, and every later one at its start. Repeating it is harmless.
  void Cancel();
  bool IsCanceled() const;
  // Waits for Cancel; false when `timeout` passed without it.
  bool WaitFor(absl::Duration timeout) const;

  // Keeps `context` within Cancel's reach for as long as it lives. `cancellation` may be null: nothing to watch.
  class Scope {
   public:
    Scope(Cancellation* cancellation, grpc::ClientContext* context);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Cancellation* const cancellation_;
    grpc::ClientContext* const context_;
  };

 private:
  mutable absl::Mutex mu_;
  bool is_canceled_ ABSL_GUARDED_BY(mu_) = false;
  std::set<grpc::ClientContext*> contexts_ ABSL_GUARDED_BY(mu_);
};

}  // namespace pegbox
