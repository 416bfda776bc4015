#include "server/rpc/convert_time.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "server/domain/invalid_argument.h"

namespace pegbox {
namespace {

constexpr int64_t kMaxDurationSeconds = 315'576'000'000;   // about 10,000 years
constexpr int64_t kMinTimestampSeconds = -62'135'596'800;  // 0001-01-01
constexpr int64_t kMaxTimestampSeconds = 253'402'300'799;  // 9999-12-31
constexpr int32_t kNanosPerSecond = 1'000'000'000;

std::string Seen(int64_t seconds, int32_t nanos) { return absl::StrCat(seconds, " s and ", nanos, " ns"); }

}  // namespace

absl::StatusOr<absl::Duration> FromProto(const google::protobuf::Duration& proto, absl::string_view field) {
  const int64_t seconds = proto.seconds();
  const int32_t nanos = proto.nanos();
  const bool is_in_range = seconds >= -kMaxDurationSeconds && seconds <= kMaxDurationSeconds &&
                           nanos > -kNanosPerSecond && nanos < kNanosPerSecond;
  const bool has_one_sign = (seconds >= 0 && nanos >= 0) || (seconds <= 0 && nanos <= 0);
  if (is_in_range && has_one_sign) return absl::Seconds(seconds) + absl::Nanoseconds(nanos);
  return InvalidArgument(field, "must be within 10,000 years, its nanos below a second and of the same sign",
                         Seen(seconds, nanos), "write it as google.protobuf.Duration says");
}

absl::StatusOr<absl::Time> FromProto(const google::protobuf::Timestamp& proto, absl::string_view field) {
  const int64_t seconds = proto.seconds();
  const int32_t nanos = proto.nanos();
  if (seconds >= kMinTimestampSeconds && seconds <= kMaxTimestampSeconds && nanos >= 0 && nanos < kNanosPerSecond) {
    return absl::FromUnixSeconds(seconds) + absl::Nanoseconds(nanos);
  }
  return InvalidArgument(field, "must be within the years 1 to 9999, its nanos 0 to 999,999,999", Seen(seconds, nanos),
                         "write it as google.protobuf.Timestamp says");
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  google::protobuf::Duration proto;
  absl::Duration rest;
  proto.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  return proto;
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  const timespec parts = absl::ToTimespec(absl::FromUnixMicros(absl::ToUnixMicros(time)));
  google::protobuf::Timestamp proto;
  proto.set_seconds(parts.tv_sec);
  proto.set_nanos(static_cast<int32_t>(parts.tv_nsec));
  return proto;
}

}  // namespace pegbox
