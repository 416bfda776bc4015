#include "worker/agent/incarnation_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log.h"
#include "common/status_macros.h"
#include "worker/process/process_token.h"
#include "worker/process/unique_fd.h"

namespace pegbox::worker {
namespace {

constexpr absl::Duration kGuardTime = absl::Seconds(2);
constexpr absl::Duration kLookInterval = absl::Milliseconds(20);

// True when no process carries the mark before `timeout`.
bool HaveGuardsEnded(absl::string_view token, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (true) {
    const absl::StatusOr<std::vector<pid_t>> found = FindProcesses(token);
    if (!found.ok()) return false;
    if (found->empty()) return true;
    if (absl::Now() >= deadline) return false;
    absl::SleepFor(kLookInterval);
  }
}

bool EndProcesses(absl::string_view token, absl::Duration timeout) {
  if (HaveGuardsEnded(token, kGuardTime)) return true;
  const absl::StatusOr<int> killed = KillProcesses(token, timeout);
  if (killed.ok()) {
    Log()->warn("processes of an earlier incarnation killed count={}", *killed);
  } else {
    Log()->error("processes of an earlier incarnation not ended error=\"{}\"", killed.status().ToString());
  }
  return killed.ok();
}

}  // namespace

IncarnationFile::IncarnationFile(std::string path) : path_(std::move(path)) {
  std::ifstream file(path_);
  if (!file) return;
  const nlohmann::json json = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  try {
    absl::MutexLock lock(&mu_);
    for (const nlohmann::json& entry : json.at("incarnations")) {
      incarnations_.push_back(
          {entry.at("name").get<std::string>(), entry.at("tokens").get<std::set<std::string, std::less<>>>()});
    }
  } catch (const nlohmann::json::exception& error) {
    Log()->error("earlier incarnations not read file={} error=\"{}\"", path_, error.what());
  }
}

std::vector<std::string> IncarnationFile::EndEarlier(absl::Duration timeout) {
  absl::MutexLock lock(&mu_);
  if (incarnations_.size() > kMaxEnded) incarnations_.erase(incarnations_.begin(), incarnations_.end() - kMaxEnded);
  std::vector<std::string> ended;
  for (Incarnation& incarnation : incarnations_) {
    std::erase_if(incarnation.tokens, [timeout](const std::string& token) { return EndProcesses(token, timeout); });
    if (incarnation.tokens.empty()) ended.push_back(incarnation.name);
  }
  return ended;
}

absl::StatusOr<std::string> IncarnationFile::Begin() {
  absl::MutexLock lock(&mu_);
  incarnations_.push_back({NewProcessToken(), {}});
  PEGBOX_RETURN_IF_ERROR(Write());
  return incarnations_.back().name;
}

absl::Status IncarnationFile::AddToken(absl::string_view token) {
  absl::MutexLock lock(&mu_);
  incarnations_.back().tokens.emplace(token);
  return Write();
}

void IncarnationFile::RemoveToken(absl::string_view token) {
  absl::MutexLock lock(&mu_);
  const auto found = incarnations_.back().tokens.find(token);
  if (found == incarnations_.back().tokens.end()) return;
  incarnations_.back().tokens.erase(found);
  Write().IgnoreError();  // a mark too many costs the next incarnation one look
}

void IncarnationFile::Forget(const std::vector<std::string>& incarnations) {
  absl::MutexLock lock(&mu_);
  std::erase_if(incarnations_, [&](const Incarnation& incarnation) {
    return std::find(incarnations.begin(), incarnations.end(), incarnation.name) != incarnations.end();
  });
  Write().IgnoreError();  // a name too many is only sent again
}

absl::Status IncarnationFile::Write() const {
  nlohmann::json list = nlohmann::json::array();
  for (const Incarnation& incarnation : incarnations_) {
    list.push_back({{"name", incarnation.name}, {"tokens", incarnation.tokens}});
  }
  const std::string text = nlohmann::json{{"incarnations", list}}.dump();
  const std::string temporary = absl::StrCat(path_, ".new");
  const UniqueFd fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.is_open()) return ErrnoStatus(errno, absl::StrCat("cannot write ", temporary));
  PEGBOX_RETURN_IF_ERROR(WriteAll(fd.get(), text));
  if (std::rename(temporary.c_str(), path_.c_str()) != 0)
    return ErrnoStatus(errno, absl::StrCat("cannot write ", path_));
  return absl::OkStatus();
}

}  // namespace pegbox::worker
