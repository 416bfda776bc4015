// Fills a message of the contract from YAML by the message's descriptor: keys are field names, enums their value names
// in either case, durations "90s". Strict: what the message does not know is an error at its line. The rules about
// values (ranges, lengths, names) are the server's; here only what YAML can get wrong.
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/cli/yaml_document.h"
#include "pegbox/v1/search_space.pb.h"

namespace pegbox::cli {

// Line of each field by its path ("parameters[1].double.min"); "" is the whole file.
using FieldLines = std::map<std::string, int, std::less<>>;

// Where in the file what was read stands.
struct YamlPlaces {
  FieldLines lines;
  // ParameterValues are plain scalars in YAML, and what type they have is told by the parameter that they belong to.
  // They are left empty here, and listed for whoever knows: the path and the scalar of each.
  struct UntypedValue {
    std::string path;
    YamlNode node;
  };
  std::map<const v1::ParameterValue*, UntypedValue> untyped_values;
};

// INVALID_ARGUMENT "FILE:LINE: PATH: rule; got value": an unknown key (with the nearest known one), a value of another
// type, two members of a oneof, a missing required key. `message` is then half filled.
absl::Status YamlToProto(absl::string_view file, const YamlNode& root, google::protobuf::Message& message,
                         YamlPlaces& places);

}  // namespace pegbox::cli
