// Breaks off calls to the server, and pauses between them, from another thread.
#pragma once

#include <grpcpp/client_context.h>

#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace pegbox::worker {

// Thread-safe. Outlives the calls that it is given to.
class Interrupt {
 public:
  // Breaks off the calls and pauses under way, and every later one at its start until Clear.
  void Raise();
  void Clear();
  bool is_raised() const;
  // Pauses; true when it was broken off, or is raised already.
  bool WaitFor(absl::Duration timeout) const;

  // Keeps `context` within reach of Raise for as long as it lives.
  class Scope {
   public:
    Scope(Interrupt& interrupt, grpc::ClientContext& context);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Interrupt& interrupt_;
    grpc::ClientContext& context_;
  };

 private:
  mutable absl::Mutex mu_;
  bool is_raised_ ABSL_GUARDED_BY(mu_) = false;
  std::set<grpc::ClientContext*> contexts_ ABSL_GUARDED_BY(mu_);
};

}  // namespace pegbox::worker
