#include "worker/trainers/checkpoint_file.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status_macros.h"

namespace pegbox::trainer {
namespace {

constexpr absl::string_view kSealName = "pegbox-checkpoint-1";

absl::Status Refused(const std::string& path, absl::string_view action) {
  return absl::UnavailableError(absl::StrCat(path, ": cannot be ", action, ": ", std::strerror(errno)));
}

class FileDescriptor {
 public:
  FileDescriptor(const std::string& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

absl::Status WriteAndSync(const std::string& path, absl::string_view bytes) {
  const FileDescriptor file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (file.get() < 0) return Refused(path, "created");
  while (!bytes.empty()) {
    const ssize_t written = write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Refused(path, "written");
    bytes.remove_prefix(written);
  }
  return fsync(file.get()) == 0 ? absl::OkStatus() : Refused(path, "synced");
}

uint32_t Crc(absl::string_view bytes) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

absl::Status WriteFileAtomically(const std::string& path, absl::string_view bytes) {
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return absl::UnavailableError(absl::StrCat(folder.string(), ": cannot be created: ", error.message()));
  const std::string temporary = absl::StrCat(path, ".tmp");
  PEGBOX_RETURN_IF_ERROR(WriteAndSync(temporary, bytes));
  if (rename(temporary.c_str(), path.c_str()) != 0) return Refused(path, "replaced");
  const FileDescriptor directory(folder.string(), O_RDONLY | O_DIRECTORY);
  if (directory.get() < 0 || fsync(directory.get()) != 0) return Refused(folder.string(), "synced");
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  if (!std::filesystem::exists(path)) return absl::NotFoundError(absl::StrCat(path, ": does not exist"));
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file) return Refused(path, "read");
  return std::move(content).str();
}

std::string SealPayload(absl::string_view payload) {
  return absl::StrCat(kSealName, " ", Crc(payload), " ", payload.size(), "\n", payload);
}

absl::StatusOr<std::string> OpenSealed(absl::string_view sealed) {
  const size_t line_end = sealed.find('\n');
  const std::vector<absl::string_view> fields = absl::StrSplit(sealed.substr(0, std::min<size_t>(line_end, 64)), ' ');
  uint32_t crc = 0;
  uint64_t size = 0;
  if (line_end == absl::string_view::npos || fields.size() != 3 || fields[0] != kSealName ||
      !absl::SimpleAtoi(fields[1], &crc) || !absl::SimpleAtoi(fields[2], &size)) {
    return absl::DataLossError("is not a checkpoint of this program");
  }
  const absl::string_view payload = sealed.substr(line_end + 1);
  if (payload.size() != size) {
    return absl::DataLossError(absl::StrCat("is truncated: ", payload.size(), " of ", size, " bytes"));
  }
  if (Crc(payload) != crc) return absl::DataLossError("is damaged: its checksum does not match");
  return std::string(payload);
}

}  // namespace pegbox::trainer
