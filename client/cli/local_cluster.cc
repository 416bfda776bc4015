#include "client/cli/local_cluster.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status_macros.h"

namespace pegbox::cli {
namespace {

constexpr absl::Duration kPollInterval = absl::Milliseconds(20);

std::filesystem::path ServerFolder(const std::string& data) {
  return std::filesystem::absolute(data).lexically_normal() / "server";
}
std::string AddressFile(const std::string& data) { return (ServerFolder(data) / "address").string(); }

absl::Status MakeFolder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(folder.string(), ": cannot be made: ", error.message()));
}

// Tells one writing of a file from another.
using FileVersion = std::tuple<ino_t, time_t, long>;
FileVersion VersionOf(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return {};
  return {status.st_ino, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

// The "host:port" in the file; nothing while it is absent or empty.
std::optional<std::string> ReadAddress(const std::string& path) {
  std::ifstream stream(path);
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  const std::string address(absl::StripAsciiWhitespace(text));
  const size_t colon = address.rfind(':');
  int port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port)) return std::nullopt;
  return port > 0 && port < 65536 ? std::optional(address) : std::nullopt;
}

bool AcceptsConnections(const std::string& address) {
  const size_t colon = address.rfind(':');
  int port = 0;
  sockaddr_in target{};
  target.sin_family = AF_INET;
  if (!absl::SimpleAtoi(address.substr(colon + 1), &port) ||
      inet_pton(AF_INET, address.substr(0, colon).c_str(), &target.sin_addr) != 1) {
    return false;
  }
  target.sin_port = htons(static_cast<uint16_t>(port));
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool is_connected = connect(fd, reinterpret_cast<const sockaddr*>(&target), sizeof(target)) == 0;
  close(fd);
  return is_connected;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LocalCluster>> LocalCluster::Start(const Options& options) {
  std::unique_ptr<LocalCluster> cluster(new LocalCluster(options));
  PEGBOX_RETURN_IF_ERROR(cluster->StartServer());
  if (options.worker_slots > 0) PEGBOX_RETURN_IF_ERROR(cluster->StartWorker());
  return cluster;
}

absl::Status LocalCluster::StartServer() {
  const std::string folder = ServerFolder(options_.data_directory).string();
  PEGBOX_RETURN_IF_ERROR(MakeFolder(folder));
  // A file that an earlier server left behind, or that of one that runs, must not be taken for the new server's.
  const std::string address_file = AddressFile(options_.data_directory);
  const FileVersion old_version = VersionOf(address_file);
  PEGBOX_ASSIGN_OR_RETURN(
      server_, ChildProcess::Start({.command = {options_.bin_directory + "/pegbox-server", "--data", folder, "--listen",
                                                "127.0.0.1:0", "--address-file", address_file},
                                    .log_path = folder + ".log",
                                    .on_exit = options_.on_exit}));
  const absl::Time deadline = absl::Now() + options_.start_timeout;
  while (absl::Now() < deadline) {
    if (VersionOf(address_file) != old_version) {
      if (std::optional<std::string> address = ReadAddress(address_file); address.has_value()) {
        server_address_ = *std::move(address);
        return absl::OkStatus();
      }
    }
    if (server_->WaitFor(kPollInterval)) return absl::InternalError(server_->DescribeEnd());
    if (options_.cancellation != nullptr && options_.cancellation->IsCanceled()) {
      return absl::CancelledError("the start was broken off");
    }
  }
  return absl::DeadlineExceededError(absl::StrCat(
      "the server was not ready after ", absl::FormatDuration(options_.start_timeout), ": ", server_->DescribeEnd()));
}

absl::Status LocalCluster::StartWorker() {
  const std::string folder =
      (std::filesystem::absolute(options_.data_directory).lexically_normal() / "worker").string();
  PEGBOX_RETURN_IF_ERROR(MakeFolder(folder));
  const char* const path = std::getenv("PATH");
  const std::string search_path =
      path == nullptr ? options_.bin_directory : absl::StrCat(options_.bin_directory, ":", path);
  PEGBOX_ASSIGN_OR_RETURN(
      worker_,
      ChildProcess::Start({.command = {options_.bin_directory + "/pegbox-worker", "--server", server_address_, "--data",
                                       folder, "--id", "local", "--slots", absl::StrCat(options_.worker_slots)},
                           .environment = {{"PATH", search_path}},
                           .log_path = folder + ".log",
                           .on_exit = options_.on_exit}));
  return absl::OkStatus();
}

LocalCluster::~LocalCluster() { Stop(); }

void LocalCluster::Stop() {
  if (worker_ != nullptr) worker_->Stop(options_.stop_grace);
  if (server_ != nullptr) server_->Stop(options_.stop_grace);
}

absl::Status LocalCluster::Check() const {
  for (const ChildProcess* const process : {server_.get(), worker_.get()}) {
    if (process != nullptr && process->WaitFor(absl::ZeroDuration())) {
      return absl::InternalError(process->DescribeEnd());
    }
  }
  return absl::OkStatus();
}

std::optional<std::string> FindRunningServer(const std::string& data_directory) {
  const std::optional<std::string> address = ReadAddress(AddressFile(data_directory));
  return address.has_value() && AcceptsConnections(*address) ? address : std::nullopt;
}

}  // namespace pegbox::cli
