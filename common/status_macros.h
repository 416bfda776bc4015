// Early return on a failed absl::Status. Nothing else belongs here.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define PEGBOX_RETURN_IF_ERROR(expr)                    \
  do {                                                  \
    if (absl::Status status_ = (expr); !status_.ok()) { \
      return status_;                                   \
    }                                                   \
  } while (false)

#define PEGBOX_MACRO_CONCAT_INNER(a, b) a##b
#define PEGBOX_MACRO_CONCAT(a, b) PEGBOX_MACRO_CONCAT_INNER(a, b)

// PEGBOX_ASSIGN_OR_RETURN(auto job, store.GetJob(id));
#define PEGBOX_ASSIGN_OR_RETURN(lhs, expr) \
  PEGBOX_ASSIGN_OR_RETURN_IMPL(PEGBOX_MACRO_CONCAT(status_or_, __LINE__), lhs, expr)
#define PEGBOX_ASSIGN_OR_RETURN_IMPL(status_or, lhs, expr)   \
  auto status_or = (expr);                                   \
  if (!status_or.ok()) return std::move(status_or).status(); \
  lhs = *std::move(status_or)
