#include "server/domain/search_space.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "server/domain/invalid_argument.h"
#include "server/domain/parameter_validation.h"

namespace pegbox {
namespace {

constexpr size_t kMaxParameters = 256;
constexpr size_t kNoParent = SIZE_MAX;

std::string Place(absl::string_view field, size_t index) { return absl::StrCat(field, "[", index, "]"); }

absl::Status ValidateEach(const std::vector<Parameter>& parameters, absl::string_view field) {
  if (parameters.empty() || parameters.size() > kMaxParameters) {
    return InvalidArgument(field, "must be 1 to 256 parameters", absl::StrCat(parameters.size()),
                           parameters.empty() ? "say what to search" : "search fewer at once");
  }
  std::map<absl::string_view, size_t> seen;
  for (size_t i = 0; i < parameters.size(); ++i) {
    PEGBOX_RETURN_IF_ERROR(ValidateParameter(parameters[i], Place(field, i)));
    const auto [first, is_new] = seen.emplace(parameters[i].name, i);
    if (!is_new) {
      return InvalidArgument(absl::StrCat(Place(field, i), ".name"),
                             absl::StrCat("must differ from that of ", Place(field, first->second)),
                             Quoted(parameters[i].name), "rename one of them");
    }
  }
  const bool has_choice = std::any_of(parameters.begin(), parameters.end(), [](const Parameter& parameter) {
    return !std::holds_alternative<ConstantDomain>(parameter.domain);
  });
  if (has_choice) return absl::OkStatus();
  return InvalidArgument(field, "must hold a parameter that is not constant", "only constants",
                         "give at least one a range or a list of values");
}

absl::Status ValidateCondition(const Condition& condition, const Parameter& parent, absl::string_view field) {
  if (std::holds_alternative<DoubleDomain>(parent.domain)) {
    return InvalidArgument(absl::StrCat(field, ".parent"),
                           "must be a categorical, discrete, integer, bool or constant parameter",
                           absl::StrCat(Quoted(parent.name), ", a double"), "make the parent discrete");
  }
  for (size_t i = 0; i < condition.values.size(); ++i) {
    if (Contains(parent.domain, condition.values[i])) continue;
    return InvalidArgument(
        absl::StrCat(field, ".values[", i, "]"),
        absl::StrCat("must be a value of ", Quoted(parent.name), ": ", DescribeValues(parent.domain)),
        Describe(condition.values[i]), "choose among these, of the same type");
  }
  return absl::OkStatus();
}

// The place of each parameter's parent, or kNoParent.
absl::StatusOr<std::vector<size_t>> FindParents(const std::vector<Parameter>& parameters, absl::string_view field) {
  std::map<absl::string_view, size_t> index_by_name;
  for (size_t i = 0; i < parameters.size(); ++i) index_by_name.emplace(parameters[i].name, i);
  std::vector<size_t> parents(parameters.size(), kNoParent);
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].condition.has_value()) continue;
    const Condition& condition = *parameters[i].condition;
    const std::string place = absl::StrCat(Place(field, i), ".condition");
    const auto parent = index_by_name.find(condition.parent);
    if (parent == index_by_name.end()) {
      return InvalidArgument(absl::StrCat(place, ".parent"), "must be the name of a parameter of this space",
                             Quoted(condition.parent), "add that parameter or correct the name");
    }
    if (parent->second == i) {
      return InvalidArgument(absl::StrCat(place, ".parent"), "must be another parameter", Quoted(condition.parent),
                             "name the parameter on which this one depends");
    }
    PEGBOX_RETURN_IF_ERROR(ValidateCondition(condition, parameters[parent->second], place));
    parents[i] = parent->second;
  }
  return parents;
}

// The places in the order given, but each parent just before its first child. INVALID_ARGUMENT: a circle.
absl::StatusOr<std::vector<size_t>> OrderParentsFirst(const std::vector<Parameter>& parameters,
                                                      const std::vector<size_t>& parents, absl::string_view field) {
  std::vector<size_t> order;
  std::vector<bool> is_placed(parameters.size(), false);
  for (size_t i = 0; i < parameters.size(); ++i) {
    std::vector<size_t> chain;  // from the parameter up to its first ancestor that is not yet placed
    for (size_t at = i; at != kNoParent && !is_placed[at]; at = parents[at]) {
      const bool is_circle = std::find(chain.begin(), chain.end(), at) != chain.end();
      chain.push_back(at);
      if (!is_circle) continue;
      std::string path;
      for (const size_t link : chain) absl::StrAppend(&path, path.empty() ? "" : " -> ", parameters[link].name);
      return InvalidArgument(absl::StrCat(Place(field, i), ".condition.parent"), "conditions must not form a circle",
                             path, "remove one of these conditions");
    }
    for (auto link = chain.rbegin(); link != chain.rend(); ++link) {
      is_placed[*link] = true;
      order.push_back(*link);
    }
  }
  return order;
}

// Counts assignments; nothing stands for "more than the limit".
class AssignmentCounter {
 public:
  AssignmentCounter(const std::vector<Parameter>& parameters, int64_t limit) : parameters_(parameters), limit_(limit) {}

  std::optional<int64_t> CountAll() const {
    std::optional<int64_t> count = 1;
    for (const Parameter& parameter : parameters_) {
      if (!parameter.condition.has_value()) count = Multiply(count, CountBelow(parameter));
    }
    return count;
  }

 private:
  std::optional<int64_t> Multiply(std::optional<int64_t> a, std::optional<int64_t> b) const {
    if (!a.has_value() || !b.has_value() || *a > limit_ / *b) return std::nullopt;
    return *a * *b;
  }

  std::optional<int64_t> Add(std::optional<int64_t> a, std::optional<int64_t> b) const {
    if (!a.has_value() || !b.has_value() || *a > limit_ - *b) return std::nullopt;
    return *a + *b;
  }

  // Values of the parameter itself; nothing for infinitely many.
  static std::optional<int64_t> CountValues(const ParameterDomain& domain) {
    if (std::holds_alternative<DoubleDomain>(domain)) return std::nullopt;
    if (const auto* integer = std::get_if<IntegerDomain>(&domain)) return integer->max - integer->min + 1;
    if (const auto* discrete = std::get_if<DiscreteDomain>(&domain)) return discrete->values.size();
    if (const auto* categorical = std::get_if<CategoricalDomain>(&domain)) return categorical->values.size();
    return std::holds_alternative<BoolDomain>(domain) ? 2 : 1;
  }

  // Assignments of the parameter and all that depend on it, when it is active: the sum over its values of the product
  // over the children active at that value.
  std::optional<int64_t> CountBelow(const Parameter& parameter) const {
    const std::optional<int64_t> value_count = CountValues(parameter.domain);
    if (!value_count.has_value()) return std::nullopt;
    std::map<ParameterValue, std::optional<int64_t>> count_by_value;  // of the values that some child names
    for (const Parameter& child : parameters_) {
      if (!child.condition.has_value() || child.condition->parent != parameter.name) continue;
      const std::optional<int64_t> below = CountBelow(child);
      for (const ParameterValue& value :
           std::set<ParameterValue>(child.condition->values.begin(), child.condition->values.end())) {
        const auto [place, is_new] = count_by_value.emplace(value, 1);
        place->second = Multiply(place->second, below);
      }
    }
    // Every value counts once by itself; a named value counts as often as its children vary.
    std::optional<int64_t> count = *value_count - static_cast<int64_t>(count_by_value.size());
    if (*count > limit_) return std::nullopt;
    for (const auto& [value, below] : count_by_value) count = Add(count, below);
    return count;
  }

  const std::vector<Parameter>& parameters_;
  const int64_t limit_;
};

}  // namespace

absl::StatusOr<SearchSpace> SearchSpace::Create(std::vector<Parameter> parameters, absl::string_view field) {
  PEGBOX_RETURN_IF_ERROR(ValidateEach(parameters, field));
  PEGBOX_ASSIGN_OR_RETURN(const std::vector<size_t> parents, FindParents(parameters, field));
  PEGBOX_ASSIGN_OR_RETURN(const std::vector<size_t> order, OrderParentsFirst(parameters, parents, field));
  std::vector<Parameter> ordered;
  ordered.reserve(parameters.size());
  for (const size_t place : order) ordered.push_back(std::move(parameters[place]));
  return SearchSpace(std::move(ordered));
}

std::optional<size_t> SearchSpace::Find(absl::string_view name) const {
  const auto found = std::find_if(parameters_.begin(), parameters_.end(),
                                  [name](const Parameter& parameter) { return parameter.name == name; });
  if (found == parameters_.end()) return std::nullopt;
  return found - parameters_.begin();
}

bool SearchSpace::IsActive(size_t index, const Assignment& assignment) const {
  const std::optional<Condition>& condition = parameters_[index].condition;
  if (!condition.has_value()) return true;
  const auto value = assignment.find(condition->parent);
  if (value == assignment.end()) return false;
  const auto& values = condition->values;
  return std::find(values.begin(), values.end(), value->second) != values.end() &&
         IsActive(*Find(condition->parent), assignment);
}

absl::Status SearchSpace::Validate(const Assignment& assignment, absl::string_view field) const {
  for (const auto& [name, value] : assignment) {
    if (Find(name).has_value()) continue;
    return InvalidArgument(absl::StrCat(field, "[", Quoted(name), "]"), "must be a parameter of the search space",
                           Quoted(name), "remove it or correct the name");
  }
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Parameter& parameter = parameters_[i];
    const std::string place = absl::StrCat(field, "[", Quoted(parameter.name), "]");
    const auto value = assignment.find(parameter.name);
    const bool has_value = value != assignment.end();
    if (!IsActive(i, assignment)) {
      if (!has_value) continue;
      return InvalidArgument(
          place, absl::StrCat("must be absent where ", Quoted(parameter.condition->parent), " does not make it active"),
          Describe(value->second), "remove it or change the parent's value");
    }
    if (!has_value) {
      return InvalidArgument(place, absl::StrCat("must be ", DescribeValues(parameter.domain)), "no value", "add it");
    }
    if (!Contains(parameter.domain, value->second)) {
      return InvalidArgument(place, absl::StrCat("must be ", DescribeValues(parameter.domain)), Describe(value->second),
                             "choose one of these, of the same type");
    }
  }
  return absl::OkStatus();
}

std::optional<int64_t> SearchSpace::CountAssignments(int64_t limit) const {
  if (limit < 1) return std::nullopt;
  return AssignmentCounter(parameters_, limit).CountAll();
}

}  // namespace pegbox
