// What a worker must know of its earlier incarnations to prove that nothing of them runs any more: their names, and the
// marks of the processes that they had not yet seen end.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace pegbox::worker {

// Thread-safe. The file is replaced as a whole at each change, so it is never half written; it need not survive a loss
// of power, which ends all processes.
class IncarnationFile {
 public:
  static constexpr size_t kMaxEnded = 64;

  // Reads `path`; a missing or broken file is an empty one (trials are then dispatched again when their leases end).
  explicit IncarnationFile(std::string path);

  // Ends what earlier incarnations left running, and returns those of which nothing is left: the newest kMaxEnded.
  // Their guards get a moment first, since they end whole trees; then the marked processes are killed, for up to
  // `timeout`.
  std::vector<std::string> EndEarlier(absl::Duration timeout);

  // The new incarnation; its name. Errors as ErrnoStatus: a worker that cannot store its name must not run trials.
  absl::StatusOr<std::string> Begin();

  // A trial with this mark is about to start. Error: it must not.
  absl::Status AddToken(absl::string_view token);
  // Nothing with this mark runs any more.
  void RemoveToken(absl::string_view token);

  // The server knows that these have ended.
  void Forget(const std::vector<std::string>& incarnations);

 private:
  struct Incarnation {
    std::string name;
    std::set<std::string, std::less<>> tokens;
  };

  absl::Status Write() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string path_;
  mutable absl::Mutex mu_;
  std::vector<Incarnation> incarnations_ ABSL_GUARDED_BY(mu_);  // oldest first; after Begin the last one is ours
};

}  // namespace pegbox::worker
