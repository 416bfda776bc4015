#include "client/cli/json_output.h"

#include <google/protobuf/util/json_util.h>

namespace pegbox::cli {
namespace {

std::string ToJson(const google::protobuf::Message& message, bool add_whitespace) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = add_whitespace;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  // Fails only for malformed Any, Timestamp and Duration values, of which the server sends none; what is written up to
  // there is still the best that there is.
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  return json;
}

}  // namespace

std::string ToJsonDocument(const google::protobuf::Message& message) { return ToJson(message, true); }
std::string ToJsonLine(const google::protobuf::Message& message) { return ToJson(message, false) + "\n"; }

}  // namespace pegbox::cli
