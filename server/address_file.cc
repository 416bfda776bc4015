#include "server/address_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace pegbox {
namespace {

std::string LineOf(absl::string_view address) { return absl::StrCat(address, "\n"); }

absl::Status CannotWrite(const std::string& path, int error) {
  return absl::FailedPreconditionError(absl::StrCat("address file ", path, ": cannot be written: ", strerror(error)));
}

}  // namespace

absl::Status WriteAddressFile(const std::string& path, absl::string_view address) {
  const std::string new_path = absl::StrCat(path, ".", getpid(), ".new");
  std::ofstream stream(new_path, std::ios::trunc);
  stream << LineOf(address);
  stream.close();
  if (stream.fail()) {
    const int error = errno;
    std::remove(new_path.c_str());
    return CannotWrite(path, error);
  }
  if (std::rename(new_path.c_str(), path.c_str()) == 0) return absl::OkStatus();
  const int error = errno;
  std::remove(new_path.c_str());
  return CannotWrite(path, error);
}

void RemoveAddressFile(const std::string& path, absl::string_view address) {
  std::ifstream stream(path);
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (text == LineOf(address)) std::remove(path.c_str());
}

}  // namespace pegbox
