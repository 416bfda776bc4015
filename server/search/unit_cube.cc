#include "server/search/unit_cube.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <string>
#include <utility>

namespace pegbox {
namespace {

constexpr double kZeroMass = 0.1;

// ----- One domain: values <-> levels <-> coordinates.

// The places of min and max on the axis' scale, before it is shrunk to [0, 1]. An integer has a cell of width 1.
std::pair<double, double> Ends(const IntegerDomain& domain) {
  const double low = static_cast<double>(domain.min) - 0.5;
  const double high = static_cast<double>(domain.max) + 0.5;
  return domain.scale == Scale::kLog ? std::pair(std::log(low), std::log(high)) : std::pair(low, high);
}

double LevelCentre(int64_t level, int64_t levels) {
  return (static_cast<double>(level) + 0.5) / static_cast<double>(levels);
}

int64_t NearestLevel(double u, int64_t levels) {
  return std::clamp<int64_t>(static_cast<int64_t>(std::floor(u * static_cast<double>(levels))), 0, levels - 1);
}

double EncodeDouble(const DoubleDomain& domain, double x) {
  switch (domain.scale) {
    case Scale::kLinear:
      return (x - domain.min) / (domain.max - domain.min);
    case Scale::kLog:
      return (std::log(x) - std::log(domain.min)) / (std::log(domain.max) - std::log(domain.min));
    case Scale::kReverseLog:
      return 1 - EncodeDouble({domain.min, domain.max, Scale::kLog}, domain.max - x + domain.min);
  }
  return 0;
}

// To 14 digits, so that people read 0.001 and not 0.0010000000000000002, where that moves x by nothing that matters.
double Readable(const DoubleDomain& domain, double x) {
  char digits[32];
  const auto end = std::to_chars(digits, std::end(digits), x, std::chars_format::scientific, 13).ptr;
  double rounded = x;
  std::from_chars(digits, end, rounded);
  return std::abs(rounded - x) <= 1e-12 * (domain.max - domain.min) ? rounded : x;
}

double DecodeDouble(const DoubleDomain& domain, double u) {
  if (u <= 0) return domain.min;
  if (u >= 1) return domain.max;
  double x = domain.min;
  switch (domain.scale) {
    case Scale::kLinear:
      x = domain.min * (1 - u) + domain.max * u;
      break;
    case Scale::kLog:
      x = std::exp(std::log(domain.min) * (1 - u) + std::log(domain.max) * u);
      break;
    case Scale::kReverseLog:
      x = domain.max - DecodeDouble({domain.min, domain.max, Scale::kLog}, 1 - u) + domain.min;
      break;
  }
  return std::clamp(Readable(domain, x), domain.min, domain.max);
}

// With the axis' part for 0.
double EncodeNumber(const DoubleDomain& domain, double zero_mass, double x) {
  if (zero_mass > 0 && x == 0) return 0;
  return zero_mass + (1 - zero_mass) * std::clamp(EncodeDouble(domain, x), 0.0, 1.0);
}

double DecodeNumber(const DoubleDomain& domain, double zero_mass, double u) {
  if (u < zero_mass) return 0;
  return DecodeDouble(domain, (u - zero_mass) / (1 - zero_mass));
}

template <typename T>
int64_t IndexOf(const std::vector<T>& values, const T& value) {
  return std::find(values.begin(), values.end(), value) - values.begin();
}

int64_t LevelOf(const ParameterDomain& domain, const ParameterValue& value) {
  if (const auto* integer = std::get_if<IntegerDomain>(&domain)) return std::get<int64_t>(value) - integer->min;
  if (const auto* discrete = std::get_if<DiscreteDomain>(&domain)) {
    return IndexOf(discrete->values, std::get<double>(value));
  }
  if (const auto* categorical = std::get_if<CategoricalDomain>(&domain)) {
    return IndexOf(categorical->values, std::get<std::string>(value));
  }
  return std::get<bool>(value) ? 1 : 0;
}

ParameterValue ValueOf(const ParameterDomain& domain, int64_t level) {
  const size_t index = static_cast<size_t>(level);
  if (const auto* integer = std::get_if<IntegerDomain>(&domain)) return integer->min + level;
  if (const auto* discrete = std::get_if<DiscreteDomain>(&domain)) return discrete->values[index];
  if (const auto* categorical = std::get_if<CategoricalDomain>(&domain)) return categorical->values[index];
  return level == 1;
}

}  // namespace

// ----- The cube.

UnitCube::UnitCube(const SearchSpace& space)
    : space_(space), axis_of_(space.parameters().size()), condition_of_(space.parameters().size()) {
  for (size_t i = 0; i < space.parameters().size(); ++i) {
    condition_of_[i] = Resolve(i);
    if (!std::holds_alternative<ConstantDomain>(space.parameters()[i].domain)) AddAxis(i);
  }
}

std::optional<Axis::Condition> UnitCube::Resolve(size_t parameter) const {
  const std::optional<Condition>& condition = space_.parameters()[parameter].condition;
  if (!condition) return std::nullopt;
  const size_t parent = *space_.Find(condition->parent);
  // A constant takes the one value that the condition can name, whenever it is active itself.
  if (!axis_of_[parent]) return condition_of_[parent];
  Axis::Condition resolved{*axis_of_[parent], {}};
  for (const ParameterValue& value : condition->values) {
    resolved.levels.push_back(LevelOf(space_.parameters()[parent].domain, value));
  }
  std::sort(resolved.levels.begin(), resolved.levels.end());
  return resolved;
}

void UnitCube::AddAxis(size_t parameter) {
  Axis axis{.parameter = parameter, .condition = condition_of_[parameter]};
  const ParameterDomain& domain = space_.parameters()[parameter].domain;
  if (const auto* integer = std::get_if<IntegerDomain>(&domain)) {
    axis.kind = Axis::Kind::kOrdered;
    axis.levels = integer->max - integer->min + 1;
  } else if (const auto* discrete = std::get_if<DiscreteDomain>(&domain)) {
    axis.kind = Axis::Kind::kOrdered;
    axis.levels = static_cast<int64_t>(discrete->values.size());
  } else if (const auto* categorical = std::get_if<CategoricalDomain>(&domain)) {
    axis.kind = Axis::Kind::kCategorical;
    axis.levels = static_cast<int64_t>(categorical->values.size());
  } else if (std::holds_alternative<BoolDomain>(domain)) {
    axis.kind = Axis::Kind::kCategorical;
    axis.levels = 2;
  } else if (std::get<DoubleDomain>(domain).include_zero) {
    axis.zero_mass = kZeroMass;
  }
  axis_of_[parameter] = axes_.size();
  axes_.push_back(std::move(axis));
}

bool UnitCube::Holds(const std::optional<Axis::Condition>& condition, const UnitPoint& point) const {
  if (!condition) return true;
  const double parent = point[condition->parent];
  return parent != kInactive &&
         std::binary_search(condition->levels.begin(), condition->levels.end(), Level(condition->parent, parent));
}

bool UnitCube::IsActive(size_t axis, const UnitPoint& point) const { return Holds(axes_[axis].condition, point); }

int64_t UnitCube::Level(size_t axis, double coordinate) const {
  const auto* integer = std::get_if<IntegerDomain>(&domain(axis));
  if (integer == nullptr || integer->scale != Scale::kLog) return NearestLevel(coordinate, axes_[axis].levels);
  if (coordinate >= 1) return axes_[axis].levels - 1;
  const auto [low, high] = Ends(*integer);
  const double value = std::clamp(std::round(std::exp(low * (1 - coordinate) + high * coordinate)),
                                  static_cast<double>(integer->min), static_cast<double>(integer->max));
  return static_cast<int64_t>(value) - integer->min;
}

double UnitCube::Coordinate(size_t axis, int64_t level) const {
  const auto* integer = std::get_if<IntegerDomain>(&domain(axis));
  if (integer == nullptr || integer->scale != Scale::kLog) return LevelCentre(level, axes_[axis].levels);
  const auto [low, high] = Ends(*integer);
  return (std::log(static_cast<double>(integer->min + level)) - low) / (high - low);
}

UnitPoint UnitCube::Encode(const Assignment& assignment) const {
  UnitPoint point(axes_.size(), kInactive);
  for (size_t i = 0; i < axes_.size(); ++i) {
    const auto found = assignment.find(space_.parameters()[axes_[i].parameter].name);
    if (found == assignment.end()) continue;
    if (const auto* range = std::get_if<DoubleDomain>(&domain(i))) {
      point[i] = EncodeNumber(*range, axes_[i].zero_mass, std::get<double>(found->second));
    } else {
      point[i] = Coordinate(i, LevelOf(domain(i), found->second));
    }
  }
  return point;
}

Assignment UnitCube::Decode(const UnitPoint& point) const {
  UnitPoint snapped = point;
  Snap(snapped);
  Assignment assignment;
  for (size_t i = 0; i < space_.parameters().size(); ++i) {
    if (!Holds(condition_of_[i], snapped)) continue;
    const Parameter& parameter = space_.parameters()[i];
    if (const auto* constant = std::get_if<ConstantDomain>(&parameter.domain)) {
      assignment.emplace(parameter.name, constant->value);
    } else if (const auto* range = std::get_if<DoubleDomain>(&parameter.domain)) {
      const size_t axis = *axis_of_[i];
      assignment.emplace(parameter.name, DecodeNumber(*range, axes_[axis].zero_mass, snapped[axis]));
    } else {
      const size_t axis = *axis_of_[i];
      assignment.emplace(parameter.name, ValueOf(parameter.domain, Level(axis, snapped[axis])));
    }
  }
  return assignment;
}

void UnitCube::Snap(UnitPoint& point) const {
  for (size_t i = 0; i < axes_.size(); ++i) {
    if (!IsActive(i, point)) {
      point[i] = kInactive;
      continue;
    }
    point[i] = point[i] == kInactive ? 0.5 : std::clamp(point[i], 0.0, 1.0);
    if (axes_[i].kind != Axis::Kind::kContinuous) point[i] = Coordinate(i, Level(i, point[i]));
    if (point[i] < axes_[i].zero_mass) point[i] = 0;
  }
}

UnitPoint UnitCube::Start() const {
  UnitPoint point(axes_.size());
  for (size_t i = 0; i < axes_.size(); ++i) {
    const std::optional<ParameterValue>& value = space_.parameters()[axes_[i].parameter].default_value;
    const auto* range = std::get_if<DoubleDomain>(&domain(i));
    if (!value) {
      point[i] = axes_[i].kind == Axis::Kind::kCategorical ? Coordinate(i, 0) : 0.5;
    } else if (range != nullptr) {
      point[i] = EncodeNumber(*range, axes_[i].zero_mass, std::get<double>(*value));
    } else {
      point[i] = Coordinate(i, LevelOf(domain(i), *value));
    }
  }
  Snap(point);
  return point;
}

void UnitCube::Advance(UnitPoint& point) const {
  size_t changed = axes_.size();
  for (size_t i = axes_.size(); i-- > 0;) {
    if (point[i] == kInactive || axes_[i].kind == Axis::Kind::kContinuous) continue;
    const int64_t level = Level(i, point[i]);
    const bool is_last = level + 1 == axes_[i].levels;
    point[i] = Coordinate(i, is_last ? 0 : level + 1);
    changed = i;
    if (!is_last) break;
  }
  // Below the change, what becomes active begins at its first level.
  for (size_t i = changed + 1; i < axes_.size(); ++i) {
    if (axes_[i].kind != Axis::Kind::kContinuous) point[i] = Coordinate(i, 0);
  }
  Snap(point);
}

}  // namespace pegbox
