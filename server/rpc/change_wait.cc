#include "server/rpc/change_wait.h"

#include "absl/time/time.h"

namespace pegbox {
namespace {

constexpr absl::Duration kCancellationCheck = absl::Milliseconds(500);

}  // namespace

absl::Status WaitForChange(ChangeSignal::Listener& listener, const ChangeSignal& signal,
                           const std::function<bool()>& is_cancelled) {
  while (!listener.Wait(kCancellationCheck)) {
    if (signal.is_closed()) return ServerIsStopping();
    if (is_cancelled()) return ClientHasGone();
  }
  return absl::OkStatus();
}

absl::Status ClientHasGone() { return absl::CancelledError("the client has gone"); }

absl::Status ServerIsStopping() { return absl::UnavailableError("the server is stopping; try again later"); }

}  // namespace pegbox
