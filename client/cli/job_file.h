// A job file: a TuningJobSpec in YAML, with its fields at the top level, and the way back from a field to its line.
// docs/job-file.md is the reference for people.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/yaml_to_proto.h"
#include "pegbox/v1/tuning_job.pb.h"

namespace pegbox::cli {

struct JobFile {
  std::string path;  // as the user wrote it
  v1::TuningJobSpec spec;
  FieldLines lines;
};

// INVALID_ARGUMENT "FILE: ..." when it cannot be read or is larger than 1 MiB, else as ParseJobFile.
absl::StatusOr<JobFile> ReadJobFile(const std::string& path);

// Gives each value of a parameter the type of its parameter's domain. A relative command[0] with a slash, and a
// relative working_directory, are resolved against the folder of `path`.
// INVALID_ARGUMENT "FILE:LINE: field: rule; value seen".
absl::StatusOr<JobFile> ParseJobFile(absl::string_view path, absl::string_view text);

// The server's refusal of `file.spec`, whose message opens with "spec." and the field's path, with file and line before
// it. Any other status comes back as it is.
absl::Status Locate(const JobFile& file, const absl::Status& status);

}  // namespace pegbox::cli
