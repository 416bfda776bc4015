// The parameters of a tuning job, proved consistent: whoever holds a SearchSpace need not check it again.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/domain/parameter.h"

namespace pegbox {

// Immutable. Parameters stand in the order given, but every parent before its children.
class SearchSpace {
 public:
  // An empty space; the search never sees one.
  SearchSpace() = default;

  // INVALID_ARGUMENT, opening with `field` and the place such as "spec.parameters[1].double.min": any rule of
  // proto/pegbox/v1/search_space.proto is broken, a name stands twice, a parent is missing, or conditions form a
  // circle.
  static absl::StatusOr<SearchSpace> Create(std::vector<Parameter> parameters, absl::string_view field = "parameters");

  // Parents before children; otherwise as given.
  const std::vector<Parameter>& parameters() const { return parameters_; }

  // The parameter's place in parameters(), or nothing.
  std::optional<size_t> Find(absl::string_view name) const;

  // Whether parameters()[index] is active, given the values of its ancestors in `assignment`.
  bool IsActive(size_t index, const Assignment& assignment) const;

  // INVALID_ARGUMENT: a value outside its domain or of another type, an active parameter without a value, or a value
  // for an inactive or unknown one.
  absl::Status Validate(const Assignment& assignment, absl::string_view field = "parameters") const;

  // How many different assignments there are, or nothing when there are more than `limit` or infinitely many.
  std::optional<int64_t> CountAssignments(int64_t limit) const;

  friend bool operator==(const SearchSpace&, const SearchSpace&) = default;

 private:
  explicit SearchSpace(std::vector<Parameter> parameters) : parameters_(std::move(parameters)) {}

  std::vector<Parameter> parameters_;
};

}  // namespace pegbox
