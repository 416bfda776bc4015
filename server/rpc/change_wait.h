// How a streaming call waits for the next change.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "server/engine/change_signal.h"

namespace pegbox {

// Waits until `listener` is notified. CANCELLED: the client has gone; noticed within half a second. UNAVAILABLE: the
// server is stopping.
absl::Status WaitForChange(ChangeSignal::Listener& listener, const ChangeSignal& signal,
                           const std::function<bool()>& is_cancelled);

// What calls say when a message could not be written, and when the server stops.
absl::Status ClientHasGone();
absl::Status ServerIsStopping();

}  // namespace pegbox
