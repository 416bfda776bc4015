// YAML text as a tree of nodes that know their lines. Knows nothing of job files.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pegbox::cli {

struct YamlEntry;

struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMap };

  Kind kind = Kind::kNull;
  int line = 0;                    // from 1
  std::string scalar;              // of kScalar, without quotes
  bool is_quoted = false;          // of kScalar: quoted or a block, so a text whatever it looks like
  std::vector<YamlNode> items;     // of kSequence
  std::vector<YamlEntry> entries;  // of kMap, in the file's order, no key twice
};

struct YamlEntry {
  std::string key;
  int line = 0;
  YamlNode value;
};

// INVALID_ARGUMENT with the message "FILE:LINE: ...".
absl::Status ErrorAt(absl::string_view file, int line, absl::string_view message);

// The one document of `text`, aliases replaced by what they stand for. `file` is for messages.
// INVALID_ARGUMENT: not YAML, not UTF-8, no document or several, a key twice, a tag, a tab for indentation, nodes
// nested more than 64 deep, or more than 100,000 nodes after aliases are replaced.
absl::StatusOr<YamlNode> ParseYaml(absl::string_view file, absl::string_view text);

// What the node is, for "got ..." in messages: `a list`, `nothing`, `"fast"`, `0.5`.
std::string Describe(const YamlNode& node);

}  // namespace pegbox::cli
