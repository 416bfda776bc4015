#include "worker/agent/worker_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "worker/process/report_socket.h"

namespace pegbox::worker {
namespace {

namespace fs = std::filesystem;

absl::Status MakePrivateFolder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return ErrnoStatus(error.value(), absl::StrCat("cannot make the folder ", path));
  if (chmod(path.c_str(), 0700) != 0) return ErrnoStatus(errno, absl::StrCat("cannot take the folder ", path));
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> Lock(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/lock");
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.is_open()) return ErrnoStatus(errno, absl::StrCat("cannot open ", path));
  if (flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno != EWOULDBLOCK) return ErrnoStatus(errno, absl::StrCat("cannot lock ", path));
  return absl::FailedPreconditionError(absl::StrCat("--data: another pegbox-worker uses ", folder,
                                                    "; stop it, or give each worker a folder of its own"));
}

struct TrialFolder {
  fs::file_time_type changed;
  fs::path path;
};

// Newest first.
std::vector<TrialFolder> ListTrialFolders(const std::string& parent) {
  std::vector<TrialFolder> folders;
  std::error_code error;
  for (fs::directory_iterator entry(parent, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code time_error;
    const fs::file_time_type changed = entry->last_write_time(time_error);
    if (!time_error) folders.push_back({changed, entry->path()});
  }
  std::sort(folders.begin(), folders.end(),
            [](const TrialFolder& a, const TrialFolder& b) { return a.changed > b.changed; });
  return folders;
}

}  // namespace

absl::StatusOr<WorkerFolder> WorkerFolder::Open(const std::string& path) {
  std::error_code error;
  const std::string absolute = fs::absolute(path, error).lexically_normal().string();
  if (error) return ErrnoStatus(error.value(), absl::StrCat("--data: ", path));
  PEGBOX_RETURN_IF_ERROR(MakePrivateFolder(absolute));
  PEGBOX_ASSIGN_OR_RETURN(UniqueFd lock, Lock(absolute));
  WorkerFolder folder(absolute, std::move(lock));
  PEGBOX_RETURN_IF_ERROR(MakePrivateFolder(absl::StrCat(absolute, "/trials")));
  PEGBOX_RETURN_IF_ERROR(MakePrivateFolder(absl::StrCat(absolute, "/checkpoints")));
  PEGBOX_RETURN_IF_ERROR(folder.MakeSocketFolder());
  return folder;
}

WorkerFolder::~WorkerFolder() {
  if (lock_.is_open() && is_socket_folder_temporary_) rmdir(socket_folder_.c_str());
}

absl::Status WorkerFolder::MakeSocketFolder() {
  socket_folder_ = absl::StrCat(path_, "/sockets");
  constexpr size_t kNameBytes = sizeof("/1023") - 1;
  if (socket_folder_.size() + kNameBytes <= kMaxSocketPathBytes) return MakePrivateFolder(socket_folder_);
  std::string name = "/tmp/pegbox-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) return ErrnoStatus(errno, "cannot make a folder for sockets in /tmp");
  socket_folder_ = std::move(name);
  is_socket_folder_temporary_ = true;
  return absl::OkStatus();
}

std::string WorkerFolder::incarnations_path() const { return absl::StrCat(path_, "/incarnations.json"); }

std::string WorkerFolder::SocketPath(size_t slot) const { return absl::StrCat(socket_folder_, "/", slot); }

absl::StatusOr<TrialPaths> WorkerFolder::MakeTrialFolder(const AttemptId& id) const {
  const std::string folder = absl::StrCat(path_, "/trials/", id.trial.job_id, "-", id.trial.number, "-", id.number);
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) return ErrnoStatus(error.value(), absl::StrCat("cannot empty the folder ", folder));
  TrialPaths paths = {.working_directory = absl::StrCat(folder, "/work"),
                      .log = absl::StrCat(folder, "/output.log"),
                      .spool = absl::StrCat(folder, "/spool"),
                      .checkpoints = absl::StrCat(path_, "/checkpoints/", id.trial.job_id, "/", id.trial.number)};
  PEGBOX_RETURN_IF_ERROR(MakePrivateFolder(folder));
  PEGBOX_RETURN_IF_ERROR(MakePrivateFolder(paths.working_directory));
  PEGBOX_RETURN_IF_ERROR(MakePrivateFolder(paths.checkpoints));
  return paths;
}

size_t WorkerFolder::RemoveOldTrials(absl::Time now) const {
  const std::vector<TrialFolder> folders = ListTrialFolders(absl::StrCat(path_, "/trials"));
  const auto oldest_kept = fs::file_time_type::clock::from_sys(absl::ToChronoTime(now - kTrialsKeptFor));
  size_t removed = 0;
  for (size_t i = 0; i < folders.size(); ++i) {
    if (i < kTrialsKept && folders[i].changed >= oldest_kept) continue;
    std::error_code error;
    fs::remove_all(folders[i].path, error);
    if (!error) ++removed;
  }
  return removed;
}

}  // namespace pegbox::worker
