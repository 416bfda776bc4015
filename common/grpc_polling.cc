#include "common/grpc_polling.h"

#include <cstdlib>

namespace pegbox {

void PollIdleChannelsOften() { setenv("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "200", 0); }

}  // namespace pegbox
