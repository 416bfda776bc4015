#include "client/cli/yaml_to_proto.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/text.h"
#include "client/cli/yaml_scalar.h"
#include "common/status_macros.h"

namespace pegbox::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

constexpr size_t kMaxSeen = 60;  // bytes of a key that a message repeats

// The keys whose absence the server could not tell from a zero or an empty list, or would report without a line.
const std::map<std::string, std::vector<std::string>>& RequiredKeys() {
  static const auto* const keys = new std::map<std::string, std::vector<std::string>>{
      {"pegbox.v1.TuningJobSpec", {"objective", "parameters", "max_jobs"}},
      {"pegbox.v1.Objective", {"metric", "goal"}},
      {"pegbox.v1.Parameter", {"name", "domain"}},
      {"pegbox.v1.DoubleRange", {"min", "max"}},
      {"pegbox.v1.IntegerRange", {"min", "max"}},
      {"pegbox.v1.DiscreteValues", {"values"}},
      {"pegbox.v1.CategoricalValues", {"values"}},
      {"pegbox.v1.Condition", {"parent", "values"}},
      {"pegbox.v1.StoppingRule", {"kind"}},
      {"pegbox.v1.PatienceRule", {"patience"}},
      {"pegbox.v1.MetricDefinition", {"name", "regex"}},
      {"pegbox.v1.TrialTemplate", {"command"}},
  };
  return *keys;
}

std::vector<std::string> KnownKeys(const Descriptor& descriptor) {
  std::vector<std::string> keys;
  for (int i = 0; i < descriptor.field_count(); ++i) keys.push_back(descriptor.field(i)->name());
  return keys;
}

std::vector<std::string> Members(const OneofDescriptor& oneof) {
  std::vector<std::string> members;
  for (int i = 0; i < oneof.field_count(); ++i) members.push_back(oneof.field(i)->name());
  return members;
}

std::vector<std::string> EnumNames(const EnumDescriptor& descriptor) {
  std::vector<std::string> names;
  for (int i = 0; i < descriptor.value_count(); ++i) {
    if (descriptor.value(i)->number() != 0) names.push_back(absl::AsciiStrToLower(descriptor.value(i)->name()));
  }
  return names;
}

std::string Join(absl::string_view parent, absl::string_view key) {
  return parent.empty() ? std::string(key) : absl::StrCat(parent, ".", key);
}

bool HasKey(const YamlNode& map, absl::string_view key) {
  return std::any_of(map.entries.begin(), map.entries.end(), [&](const YamlEntry& entry) { return entry.key == key; });
}

// The value of one singular field, or of one element of a repeated one.
class FieldWriter {
 public:
  FieldWriter(Message& message, const FieldDescriptor& field)
      : message_(message), field_(field), reflection_(*message.GetReflection()) {}

  Message* AddMessage() {
    return field_.is_repeated() ? reflection_.AddMessage(&message_, &field_)
                                : reflection_.MutableMessage(&message_, &field_);
  }

  // INVALID_ARGUMENT with a message that names no place.
  absl::Status Write(const YamlNode& node) {
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return Put(ReadDouble(node), &Reflection::SetDouble, &Reflection::AddDouble);
      case FieldDescriptor::CPPTYPE_INT64:
        return Put(ReadInt64(node), &Reflection::SetInt64, &Reflection::AddInt64);
      case FieldDescriptor::CPPTYPE_UINT64:
        return Put(ReadUint64(node), &Reflection::SetUInt64, &Reflection::AddUInt64);
      case FieldDescriptor::CPPTYPE_BOOL:
        return Put(ReadBool(node), &Reflection::SetBool, &Reflection::AddBool);
      case FieldDescriptor::CPPTYPE_STRING:
        return Put(ReadText(node), &Reflection::SetString, &Reflection::AddString);
      case FieldDescriptor::CPPTYPE_ENUM:
        return Put(ReadEnum(node), &Reflection::SetEnumValue, &Reflection::AddEnumValue);
      default:
        return absl::UnimplementedError("cannot be given in a job file");
    }
  }

 private:
  template <typename T, typename Set, typename Add>
  absl::Status Put(absl::StatusOr<T> value, Set set, Add add) {
    PEGBOX_RETURN_IF_ERROR(value.status());
    if (field_.is_repeated()) {
      (reflection_.*add)(&message_, &field_, *std::move(value));
    } else {
      (reflection_.*set)(&message_, &field_, *std::move(value));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<int> ReadEnum(const YamlNode& node) const {
    const EnumDescriptor& descriptor = *field_.enum_type();
    if (node.kind == YamlNode::Kind::kScalar) {
      const auto* const value = descriptor.FindValueByName(absl::AsciiStrToUpper(node.scalar));
      const bool is_one_case =
          node.scalar == absl::AsciiStrToUpper(node.scalar) || node.scalar == absl::AsciiStrToLower(node.scalar);
      if (value != nullptr && value->number() != 0 && is_one_case) return value->number();
    }
    return absl::InvalidArgumentError(
        absl::StrCat("must be one of ", absl::StrJoin(EnumNames(descriptor), ", "), "; got ", Describe(node)));
  }

  Message& message_;
  const FieldDescriptor& field_;
  const Reflection& reflection_;
};

class Converter {
 public:
  Converter(absl::string_view file, YamlPlaces& places) : file_(file), places_(places) {}

  // `line` is that of the key that holds `node`.
  absl::Status ReadMessage(const YamlNode& node, int line, const std::string& path, Message& message) {
    if (message.GetDescriptor() == google::protobuf::Duration::descriptor()) {
      return ReadDurationInto(node, line, path, static_cast<google::protobuf::Duration&>(message));
    }
    if (message.GetDescriptor() == v1::ParameterValue::descriptor()) {
      places_.untyped_values[static_cast<const v1::ParameterValue*>(&message)] = {path, node};
      return absl::OkStatus();
    }
    const Descriptor& descriptor = *message.GetDescriptor();
    // "median:" and "bool:" alone say all that there is to say.
    const bool may_be_empty = RequiredKeys().count(descriptor.full_name()) == 0;
    if (node.kind != YamlNode::Kind::kMap && !(node.kind == YamlNode::Kind::kNull && may_be_empty)) {
      return Error(line, path, absl::StrCat("must be a map of keys and values; got ", Describe(node)));
    }
    for (const YamlEntry& entry : node.entries) {
      PEGBOX_RETURN_IF_ERROR(ReadEntry(entry, node, path, message));
    }
    return CheckRequired(node, line, path, message);
  }

 private:
  absl::Status Error(int line, const std::string& path, absl::string_view message) const {
    return ErrorAt(file_, line, path.empty() ? std::string(message) : absl::StrCat(path, ": ", message));
  }

  absl::Status ReadEntry(const YamlEntry& entry, const YamlNode& map, const std::string& parent, Message& message) {
    const std::string path = Join(parent, entry.key);
    const FieldDescriptor* const field = message.GetDescriptor()->FindFieldByName(entry.key);
    if (field == nullptr) return UnknownKey(entry, parent, *message.GetDescriptor());
    places_.lines[path] = entry.line;
    if (const OneofDescriptor* const oneof = field->real_containing_oneof(); oneof != nullptr) {
      PEGBOX_RETURN_IF_ERROR(CheckOneof(entry, map, parent, *oneof));
    }
    if (field->is_map()) return ReadMap(entry, path, message, *field);
    if (field->is_repeated()) return ReadList(entry, path, message, *field);
    return ReadValue(entry.value, entry.line, path, message, *field);
  }

  absl::Status UnknownKey(const YamlEntry& entry, const std::string& parent, const Descriptor& descriptor) const {
    const std::string path = Join(parent, IsValidUtf8(entry.key) ? Printable(entry.key.substr(0, kMaxSeen)) : "?");
    const std::vector<std::string> known = KnownKeys(descriptor);
    if (known.empty()) return Error(entry.line, path, "unknown key; no keys are known here");
    const std::string nearest = Nearest(entry.key, known);
    return Error(entry.line, path,
                 nearest.empty() ? absl::StrCat("unknown key; the known keys are ", absl::StrJoin(known, ", "))
                                 : absl::StrCat("unknown key; did you mean \"", nearest, "\"?"));
  }

  absl::Status CheckOneof(const YamlEntry& entry, const YamlNode& map, const std::string& parent,
                          const OneofDescriptor& oneof) const {
    for (const YamlEntry& other : map.entries) {
      if (&other == &entry) return absl::OkStatus();
      const FieldDescriptor* const field = oneof.containing_type()->FindFieldByName(other.key);
      if (field == nullptr || field->real_containing_oneof() != &oneof) continue;
      return Error(entry.line, parent,
                   absl::StrCat("\"", other.key, "\" (line ", other.line, ") and \"", entry.key,
                                "\" exclude each other; keep one"));
    }
    return absl::OkStatus();
  }

  absl::Status ReadValue(const YamlNode& node, int line, const std::string& path, Message& message,
                         const FieldDescriptor& field) {
    FieldWriter writer(message, field);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
      return ReadMessage(node, line, path, *writer.AddMessage());
    // yaml-cpp gives an empty value the line of what follows it.
    const int value_line = node.kind == YamlNode::Kind::kNull ? line : node.line;
    places_.lines[path] = value_line;
    const absl::Status status = writer.Write(node);
    return status.ok() ? status : Error(value_line, path, status.message());
  }

  absl::Status ReadList(const YamlEntry& entry, const std::string& path, Message& message,
                        const FieldDescriptor& field) {
    if (entry.value.kind != YamlNode::Kind::kSequence) {
      return Error(entry.line, path, absl::StrCat("must be a list; got ", Describe(entry.value)));
    }
    for (size_t i = 0; i < entry.value.items.size(); ++i) {
      const YamlNode& item = entry.value.items[i];
      const std::string item_path = absl::StrCat(path, "[", i, "]");
      places_.lines[item_path] = item.line;
      PEGBOX_RETURN_IF_ERROR(ReadValue(item, item.line, item_path, message, field));
    }
    return absl::OkStatus();
  }

  absl::Status ReadMap(const YamlEntry& entry, const std::string& path, Message& message,
                       const FieldDescriptor& field) {
    if (entry.value.kind != YamlNode::Kind::kMap) {
      return Error(entry.line, path, absl::StrCat("must be a map of keys and values; got ", Describe(entry.value)));
    }
    const Descriptor& pair = *field.message_type();
    for (const YamlEntry& item : entry.value.entries) {
      Message* const added = FieldWriter(message, field).AddMessage();
      YamlNode key{.kind = YamlNode::Kind::kScalar, .line = item.line, .scalar = item.key, .is_quoted = true};
      const std::string item_path = absl::StrCat(path, "[", Quoted(item.key, kMaxSeen), "]");
      PEGBOX_RETURN_IF_ERROR(ReadValue(key, item.line, item_path, *added, *pair.map_key()));
      PEGBOX_RETURN_IF_ERROR(ReadValue(item.value, item.line, item_path, *added, *pair.map_value()));
    }
    return absl::OkStatus();
  }

  absl::Status ReadDurationInto(const YamlNode& node, int line, const std::string& path,
                                google::protobuf::Duration& message) {
    absl::StatusOr<absl::Duration> duration = ReadDuration(node);
    if (!duration.ok()) return Error(line, path, duration.status().message());
    message.set_seconds(absl::IDivDuration(*duration, absl::Seconds(1), &*duration));
    message.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(*duration)));
    return absl::OkStatus();
  }

  absl::Status CheckRequired(const YamlNode& node, int line, const std::string& path, const Message& message) const {
    const Descriptor& descriptor = *message.GetDescriptor();
    const auto required = RequiredKeys().find(descriptor.full_name());
    if (required == RequiredKeys().end()) return absl::OkStatus();
    for (const std::string& key : required->second) {
      const OneofDescriptor* const oneof = descriptor.FindOneofByName(key);
      if (oneof == nullptr) {
        if (!HasKey(node, key)) return Error(line, Join(path, key), "is required and missing");
        continue;
      }
      const std::vector<std::string> members = Members(*oneof);
      if (std::none_of(members.begin(), members.end(), [&](const auto& member) { return HasKey(node, member); })) {
        return Error(line, path, absl::StrCat("must have one of the keys ", absl::StrJoin(members, ", ")));
      }
    }
    return absl::OkStatus();
  }

  const absl::string_view file_;
  YamlPlaces& places_;
};

}  // namespace

absl::Status YamlToProto(absl::string_view file, const YamlNode& root, google::protobuf::Message& message,
                         YamlPlaces& places) {
  places.lines[""] = root.line;
  return Converter(file, places).ReadMessage(root, root.line, "", message);
}

}  // namespace pegbox::cli
