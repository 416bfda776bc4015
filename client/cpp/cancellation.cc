#include "client/cpp/cancellation.h"

namespace pegbox {

void Cancellation::Cancel() {
  absl::MutexLock lock(&mu_);
  is_canceled_ = true;
  for (grpc::ClientContext* context : contexts_) context->TryCancel();
}

bool Cancellation::IsCanceled() const {
  absl::MutexLock lock(&mu_);
  return is_canceled_;
}

bool Cancellation::WaitFor(absl::Duration timeout) const {
  absl::MutexLock lock(&mu_);
  return mu_.AwaitWithTimeout(absl::Condition(&is_canceled_), timeout);
}

Cancellation::Scope::Scope(Cancellation* cancellation, grpc::ClientContext* context)
    : cancellation_(cancellation), context_(context) {
  if (cancellation_ == nullptr) return;
  absl::MutexLock lock(&cancellation_->mu_);
  cancellation_->contexts_.insert(context_);
  if (cancellation_->is_canceled_) context_->TryCancel();
}

Cancellation::Scope::~Scope() {
  if (cancellation_ == nullptr) return;
  absl::MutexLock lock(&cancellation_->mu_);
  cancellation_->contexts_.erase(context_);
}

}  // namespace pegbox
