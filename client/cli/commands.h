// The commands of `pegbox` that ask the server once and print the answer. Each prints to the session's console and
// answers with the client's status, or INVALID_ARGUMENT for an argument that cannot be understood.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "client/cli/console.h"
#include "client/cli/session.h"

namespace pegbox::cli {

// Jobs.
absl::Status Submit(Session& session, const std::string& file, const std::string& job_id);
absl::Status ListJobs(Session& session);
absl::Status Stop(Session& session, const std::string& job_or_trial);
absl::Status Pause(Session& session, const std::string& job);
absl::Status Resume(Session& session, const std::string& job);
// Needs no server: what YAML and the contract's types can get wrong.
absl::Status Validate(Console& console, bool as_json, const std::string& file);

// Trials.
absl::Status ListTrials(Session& session, const std::string& job, bool best_first);
absl::Status ShowBest(Session& session, const std::string& job);
absl::Status ShowTrial(Session& session, const std::string& trial);
absl::Status ShowLog(Session& session, const std::string& trial, int64_t attempt, bool follow);

absl::Status ListWorkers(Session& session);

}  // namespace pegbox::cli
