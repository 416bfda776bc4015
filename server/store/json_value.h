// The single values that the JSON of the store is made of. Only for json_*.cc: the decoders throw.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/domain/parameter.h"
#include "server/store/enum_names.h"

namespace pegbox {

using Json = nlohmann::json;

// What a decoder throws besides nlohmann's own exceptions.
class JsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// JSON has no NaN and no infinity: they are the texts "NaN", "Infinity" and "-Infinity".
Json JsonFromDouble(double value);
double DoubleFromJson(const Json& json);

// {"seconds": 90, "nanoseconds": 5} or "infinite".
Json JsonFromDuration(absl::Duration duration);
absl::Duration DurationFromJson(const Json& json);

// {"double": 0.5}, {"int64": 3}, {"string": "adam"} or {"bool": true}.
Json JsonFromValue(const ParameterValue& value);
ParameterValue ValueFromJson(const Json& json);

template <typename Enum>
Enum EnumFromJson(const Json& json) {
  const std::string& name = json.get_ref<const std::string&>();
  if (std::optional<Enum> value = FromStoredName<Enum>(name)) return *value;
  throw JsonError(absl::StrCat("unknown name \"", name, "\""));
}

// Copies the field `name` into `target` when the object has it.
template <typename T>
void ReadField(const Json& object, const char* name, T& target) {
  if (auto it = object.find(name); it != object.end()) it->get_to(target);
}

inline std::string JsonText(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// `decode` on the parsed text, its exceptions as DATA_LOSS with `what` as the name of the thing.
template <typename Decode>
auto DecodeJson(absl::string_view what, absl::string_view text, Decode decode)
    -> absl::StatusOr<decltype(decode(std::declval<const Json&>()))> {
  try {
    return decode(Json::parse(text.begin(), text.end()));
  } catch (const Json::exception& error) {
    return absl::DataLossError(absl::StrCat("stored ", what, " is damaged: ", error.what()));
  } catch (const JsonError& error) {
    return absl::DataLossError(absl::StrCat("stored ", what, " is damaged: ", error.what()));
  }
}

}  // namespace pegbox
