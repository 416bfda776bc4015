#include "worker/agent/interrupt.h"

namespace pegbox::worker {

void Interrupt::Raise() {
  absl::MutexLock lock(&mu_);
  is_raised_ = true;
  for (grpc::ClientContext* context : contexts_) context->TryCancel();
}

void Interrupt::Clear() {
  absl::MutexLock lock(&mu_);
  is_raised_ = false;
}

bool Interrupt::is_raised() const {
  absl::MutexLock lock(&mu_);
  return is_raised_;
}

bool Interrupt::WaitFor(absl::Duration timeout) const {
  absl::MutexLock lock(&mu_);
  return mu_.AwaitWithTimeout(absl::Condition(&is_raised_), timeout);
}

Interrupt::Scope::Scope(Interrupt& interrupt, grpc::ClientContext& context) : interrupt_(interrupt), context_(context) {
  absl::MutexLock lock(&interrupt_.mu_);
  if (interrupt_.is_raised_) context_.TryCancel();
  interrupt_.contexts_.insert(&context_);
}

Interrupt::Scope::~Scope() {
  absl::MutexLock lock(&interrupt_.mu_);
  interrupt_.contexts_.erase(&context_);
}

}  // namespace pegbox::worker
