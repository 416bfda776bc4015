#include "server/search/gp/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pegbox {
namespace {

constexpr size_t kMemory = 8;
constexpr int kMaxHalvings = 12;
constexpr double kArmijo = 1e-4;
constexpr double kMinCurvature = 1e-10;

double Dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

bool AllFinite(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); });
}

}  // namespace

Lbfgs::Lbfgs(std::vector<double> start, std::vector<double> lower, std::vector<double> upper, Options options)
    : lower_(std::move(lower)),
      upper_(std::move(upper)),
      options_(options),
      point_(std::move(start)),
      candidate_(point_),
      is_done_(point_.empty()) {}

void Lbfgs::Tell(double value, std::span<const double> gradient) {
  const bool is_usable = std::isfinite(value) && AllFinite(gradient);
  const bool is_start = direction_.empty();
  if (is_start) {
    is_done_ = !is_usable;
    if (!is_usable) return;
    value_ = value;
    gradient_.assign(gradient.begin(), gradient.end());
    return StartLineSearch();
  }
  double slope = 0;  // along the step as projected
  for (size_t i = 0; i < point_.size(); ++i) slope += gradient_[i] * (candidate_[i] - point_[i]);
  if (is_usable && value <= value_ + kArmijo * slope) return Accept(value, gradient);
  Backtrack(is_usable ? value : std::numeric_limits<double>::infinity());
}

void Lbfgs::Accept(double value, std::span<const double> gradient) {
  Pair pair{candidate_, std::vector<double>(gradient.begin(), gradient.end()), 0};
  for (size_t i = 0; i < point_.size(); ++i) {
    pair.s[i] -= point_[i];
    pair.y[i] -= gradient_[i];
  }
  const double curvature = Dot(pair.s, pair.y);
  if (curvature > kMinCurvature * std::sqrt(Dot(pair.s, pair.s) * Dot(pair.y, pair.y))) {
    pair.rho = 1 / curvature;
    if (memory_.size() == kMemory) memory_.erase(memory_.begin());
    memory_.push_back(std::move(pair));
  }
  const double decrease = value_ - value;
  point_ = candidate_;
  value_ = value;
  gradient_.assign(gradient.begin(), gradient.end());
  is_done_ = ++iterations_ >= options_.max_iterations ||
             decrease <= options_.value_tolerance * std::max(std::abs(value_), 1.0);
  if (!is_done_) StartLineSearch();
}

void Lbfgs::Backtrack(double value) {
  if (++halvings_ > kMaxHalvings) {
    is_done_ = true;
    return;
  }
  double factor = 0.5;
  if (std::isfinite(value)) {
    // The minimum of the parabola through both values and the slope.
    const double slope = Dot(gradient_, direction_) * step_;
    factor = std::clamp(-slope / (2 * (value - value_ - slope)), 0.1, 0.5);
  }
  step_ *= factor;
  PlaceCandidate();
}

bool Lbfgs::IsBlocked(size_t i, double descent) const {
  return (point_[i] <= lower_[i] && descent < 0) || (point_[i] >= upper_[i] && descent > 0);
}

std::vector<double> Lbfgs::Direction() const {
  const size_t size = point_.size();
  std::vector<double> q(size);
  for (size_t i = 0; i < size; ++i) q[i] = IsBlocked(i, -gradient_[i]) ? 0 : -gradient_[i];
  const std::vector<double> steepest = q;
  std::vector<double> weights(memory_.size());
  for (size_t k = memory_.size(); k-- > 0;) {
    weights[k] = memory_[k].rho * Dot(memory_[k].s, q);
    for (size_t i = 0; i < size; ++i) q[i] -= weights[k] * memory_[k].y[i];
  }
  if (!memory_.empty()) {
    const double scale = 1 / (memory_.back().rho * Dot(memory_.back().y, memory_.back().y));
    for (double& x : q) x *= scale;
  }
  for (size_t k = 0; k < memory_.size(); ++k) {
    const double weight = weights[k] - memory_[k].rho * Dot(memory_[k].y, q);
    for (size_t i = 0; i < size; ++i) q[i] += weight * memory_[k].s[i];
  }
  for (size_t i = 0; i < size; ++i) {
    if (IsBlocked(i, -gradient_[i]) || IsBlocked(i, q[i])) q[i] = 0;
  }
  return Dot(q, gradient_) < 0 ? q : steepest;
}

void Lbfgs::StartLineSearch() {
  direction_ = Direction();
  double largest = 0;
  double largest_gradient = 0;
  for (size_t i = 0; i < point_.size(); ++i) {
    largest = std::max(largest, std::abs(direction_[i]));
    if (!IsBlocked(i, -gradient_[i])) largest_gradient = std::max(largest_gradient, std::abs(gradient_[i]));
  }
  if (largest == 0 || largest_gradient <= options_.gradient_tolerance) {
    is_done_ = true;
    return;
  }
  step_ = std::min(1.0, options_.max_step / largest);
  if (memory_.empty()) step_ = std::min(step_, options_.first_step / std::sqrt(Dot(direction_, direction_)));
  halvings_ = 0;
  PlaceCandidate();
}

void Lbfgs::PlaceCandidate() {
  for (size_t i = 0; i < point_.size(); ++i) {
    candidate_[i] = std::clamp(point_[i] + step_ * direction_[i], lower_[i], upper_[i]);
  }
}

}  // namespace pegbox
