// The worker's folder on disk:
//   lock                            held by the worker that uses the folder
//   incarnations.json               see incarnation_file.h
//   sockets/                        one socket a slot
//   trials/JOB-TRIAL-ATTEMPT/       work/ (the trial's working directory), output.log, and a spool while it reports
//   checkpoints/JOB/TRIAL/          stable over the trial's attempts
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "worker/agent/assignment.h"
#include "worker/process/unique_fd.h"

namespace pegbox::worker {

struct TrialPaths {
  std::string working_directory;
  std::string log;
  std::string spool;
  std::string checkpoints;
};

// Movable. Its const methods are thread-safe.
class WorkerFolder {
 public:
  static constexpr absl::Duration kTrialsKeptFor = absl::Hours(7 * 24);
  static constexpr size_t kTrialsKept = 1000;

  // Makes the folder, readable by its owner only, and locks it for as long as the object lives.
  // FAILED_PRECONDITION: another worker uses it. NOT_FOUND, PERMISSION_DENIED, RESOURCE_EXHAUSTED: as the system says.
  static absl::StatusOr<WorkerFolder> Open(const std::string& path);

  WorkerFolder(WorkerFolder&&) = default;
  WorkerFolder& operator=(WorkerFolder&&) = default;
  ~WorkerFolder();

  std::string incarnations_path() const;
  // Short enough for a socket: in a private temporary folder when the worker's own path is too long.
  std::string SocketPath(size_t slot) const;

  // A fresh folder for an attempt, and its checkpoint folder with what earlier attempts left there.
  absl::StatusOr<TrialPaths> MakeTrialFolder(const AttemptId& id) const;

  // Removes the folders of trials that nothing was added to for kTrialsKeptFor, and of the rest all but the newest
  // kTrialsKept; returns how many. Checkpoints stay. Call while no trial runs.
  size_t RemoveOldTrials(absl::Time now) const;

 private:
  WorkerFolder(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  absl::Status MakeSocketFolder();

  std::string path_;  // absolute
  UniqueFd lock_;
  std::string socket_folder_;
  bool is_socket_folder_temporary_ = false;
};

}  // namespace pegbox::worker
