// The contract's messages as JSON: field names as in the proto files, absent zeros written out, int64 as text.
#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace pegbox::cli {

// Several lines, ends with a newline.
std::string ToJsonDocument(const google::protobuf::Message& message);
// One line, ends with a newline.
std::string ToJsonLine(const google::protobuf::Message& message);

}  // namespace pegbox::cli
