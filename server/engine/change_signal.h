// Tells waiting calls that something changed, so that nobody polls. Carries no data: who wakes up reads the store.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace pegbox {

// Topics in use.
std::string JobTopic(absl::string_view job_id);        // the job, its trials, measurements or logs
std::string WorkerTopic(absl::string_view worker_id);  // a stop or a fence for one of its attempts
inline constexpr char kDispatchTopic[] = "dispatch";   // a trial was queued, a place became free, or a job is ending

// Thread-safe.
class ChangeSignal {
 public:
  // Hears what is notified from its construction on. Listen first, then read the state, then wait: nothing is missed.
  // Used by one thread at a time; must not outlive the signal.
  class Listener {
   public:
    Listener(ChangeSignal& signal, std::vector<std::string> topics);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    // True: one of the topics was notified since construction or since the last Wait. False: time ran out, or the
    // signal was closed.
    bool Wait(absl::Duration timeout);

    // The same until `deadline`; false also once `is_cancelled` says so, which is asked twice a second.
    bool WaitUntil(absl::Time deadline, const std::function<bool()>& is_cancelled);

   private:
    friend class ChangeSignal;
    ChangeSignal& signal_;
    const std::vector<std::string> topics_;
    bool is_notified_ = false;  // guarded by signal_.mu_
    absl::CondVar wakeup_;
  };

  void Notify(absl::string_view topic);

  // Wakes every waiter for good; the server is stopping.
  void Close();
  bool is_closed() const;

 private:
  mutable absl::Mutex mu_;
  std::set<Listener*> listeners_ ABSL_GUARDED_BY(mu_);
  bool is_closed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace pegbox
