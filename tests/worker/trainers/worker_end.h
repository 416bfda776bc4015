// The worker's end of a trial's socket: a real Unix socket that a test reads and writes. Every wait ends after a limit.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pegbox::trainer {

class WorkerEnd {
 public:
  explicit WorkerEnd(std::string path);
  ~WorkerEnd();
  WorkerEnd(const WorkerEnd&) = delete;
  WorkerEnd& operator=(const WorkerEnd&) = delete;

  const std::string& path() const { return path_; }

  // Waits for the trial to connect. False: it did not.
  bool Accept();

  // The next line without its end; absent when the trial hung up.
  std::optional<std::string> ReadLine();

  // False: the trial has hung up.
  bool WriteLine(absl::string_view line);
  void HangUp();

 private:
  const std::string path_;
  int listener_ = -1;
  int connection_ = -1;
  std::string unread_;
};

}  // namespace pegbox::trainer
