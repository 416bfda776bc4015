// How soon gRPC's client side notices what happens on a connection while no call is under way.
#pragma once

namespace pegbox {

// Without a call nobody reads a channel's socket but a timer, every 5 s by default: a connection that is being made
// again after a server's restart, or that a stopping server wants closed, waits for it. Shortens that to 200 ms, unless
// the environment says otherwise. Call in main, before the first thread and the first channel.
void PollIdleChannelsOften();

}  // namespace pegbox
