#include "server/search/gp/acquisition_optimizer.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "server/search/sobol_sequence.h"

namespace pegbox {
namespace {

constexpr AcquisitionOptimizer::Effort kFullEffort = {512, 128, 4, 4, 40};
constexpr AcquisitionOptimizer::Effort kHalfEffort = {256, 64, 2, 2, 20};
constexpr size_t kHalfEffortSize = 300;  // points of the model
constexpr int64_t kEnumerated = 512;     // assignments of a space that is looked at entirely
constexpr size_t kLocalCentres = 5;
constexpr size_t kBlock = 256;  // points evaluated at once, so that their covariances stay in the cache
constexpr int kRoundsAfterSweep = 10;
constexpr int kSweeps = 4;
constexpr size_t kSweptPoints = 4;
constexpr int64_t kFewLevels = 8;        // all of them are tried in a sweep
constexpr int64_t kClimbingLevels = 16;  // above, an ordered axis climbs as a continuous one

void MoveInto(const SearchBox& box, UnitPoint& point) {
  for (size_t i = 0; i < point.size(); ++i) point[i] = box.lower[i] * (1 - point[i]) + box.upper[i] * point[i];
}

bool IsBetterPoint(const ScoredPoint& a, const ScoredPoint& b) { return a.value > b.value; }

}  // namespace

AcquisitionOptimizer::AcquisitionOptimizer(const UnitCube& cube, const Acquisition& acquisition, uint64_t seed,
                                           uint64_t number, const SearchBox* box)
    : cube_(cube),
      acquisition_(acquisition),
      box_(box),
      effort_(acquisition.model_size() < kHalfEffortSize ? kFullEffort : kHalfEffort),
      sequence_seed_(MixSeed(seed, number)),
      random_(seed, number, RandomPurpose::kAcquisition) {
  for (size_t i = 0; i < cube.axes().size(); ++i) {
    const Axis& axis = cube.axes()[i];
    const bool is_ordered = axis.kind == Axis::Kind::kOrdered;
    if (axis.kind == Axis::Kind::kContinuous || (is_ordered && axis.levels > kClimbingLevels))
      climbing_axes_.push_back(i);
    if (axis.kind != Axis::Kind::kContinuous || axis.zero_mass > 0) swept_axes_.push_back(i);
  }
}

std::vector<ScoredPoint> AcquisitionOptimizer::Maximize(std::span<const UnitPoint> best_observed) {
  if (const auto count = cube_.space().CountAssignments(kEnumerated)) {
    std::vector<ScoredPoint> all = Score(AllPoints(*count));
    std::stable_sort(all.begin(), all.end(), IsBetterPoint);
    return all;
  }
  std::vector<ScoredPoint> candidates = Score(Candidates(best_observed));
  std::stable_sort(candidates.begin(), candidates.end(), IsBetterPoint);
  std::vector<ScoredPoint> starts = ChooseStarts(candidates);
  Climb(starts, effort_.rounds);
  if (!swept_axes_.empty()) {
    std::stable_sort(starts.begin(), starts.end(), IsBetterPoint);
    std::vector<ScoredPoint> swept(starts.begin(), starts.begin() + std::min(kSweptPoints, starts.size()));
    Sweep(swept);
    Climb(swept, kRoundsAfterSweep);
    starts.insert(starts.end(), swept.begin(), swept.end());
  }
  candidates.insert(candidates.begin(), starts.begin(), starts.end());
  std::stable_sort(candidates.begin(), candidates.end(), IsBetterPoint);
  return candidates;
}

std::vector<UnitPoint> AcquisitionOptimizer::AllPoints(int64_t count) const {
  std::vector<UnitPoint> points;
  UnitPoint point = cube_.Start();
  for (int64_t i = 0; i < count; ++i) {
    points.push_back(point);
    cube_.Advance(point);
  }
  return points;
}

std::vector<UnitPoint> AcquisitionOptimizer::Candidates(std::span<const UnitPoint> best_observed) {
  std::vector<UnitPoint> points;
  const SobolSequence sequence(cube_.axes().size(), sequence_seed_);
  for (int i = 0; i < effort_.global_candidates; ++i) {
    points.push_back(sequence.Point(static_cast<uint64_t>(i)));
    if (box_ != nullptr) MoveInto(*box_, points.back());
    cube_.Snap(points.back());
  }
  const size_t centres = std::min(kLocalCentres, best_observed.size());
  for (int i = 0; centres > 0 && i < effort_.local_candidates; ++i)
    points.push_back(Perturbed(best_observed[i % centres]));
  return points;
}

UnitPoint AcquisitionOptimizer::Perturbed(const UnitPoint& point) {
  const double spread = std::pow(10, -(0.5 + 2.5 * random_.Uniform()));
  const double probability = std::max(2.0 / static_cast<double>(point.size()), 1.5 * random_.Uniform());
  UnitPoint moved = point;
  for (size_t i = 0; i < moved.size(); ++i) {
    if (moved[i] == kInactive || random_.Uniform() >= probability) continue;
    const Axis& axis = cube_.axes()[i];
    if (axis.kind == Axis::Kind::kCategorical) {
      moved[i] = cube_.Coordinate(i, static_cast<int64_t>(random_.Below(static_cast<uint64_t>(axis.levels))));
      continue;
    }
    if (axis.zero_mass > 0 && moved[i] == 0) {
      moved[i] = DrawCoordinate(i);
      continue;
    }
    const double step = spread * random_.Normal();
    moved[i] = std::clamp(moved[i] + step, 0.0, 1.0);
    if (axis.kind == Axis::Kind::kContinuous) {
      if (moved[i] < axis.zero_mass) moved[i] = 0;
      continue;
    }
    const int64_t level = cube_.Level(i, point[i]);
    int64_t target = cube_.Level(i, moved[i]);
    if (target == level) target = std::clamp<int64_t>(level + (step < 0 ? -1 : 1), 0, axis.levels - 1);
    moved[i] = cube_.Coordinate(i, target);
  }
  DrawActivated(moved);
  return moved;
}

void AcquisitionOptimizer::DrawActivated(UnitPoint& point) {
  for (size_t i = 0; i < point.size(); ++i) {
    if (!cube_.axes()[i].condition) continue;
    if (!cube_.IsActive(i, point)) {
      point[i] = kInactive;
    } else if (point[i] == kInactive) {
      point[i] = DrawCoordinate(i);
    }
  }
}

double AcquisitionOptimizer::DrawCoordinate(size_t axis) {
  const double u = random_.Uniform();
  if (cube_.axes()[axis].kind != Axis::Kind::kContinuous) return cube_.Coordinate(axis, cube_.Level(axis, u));
  return u < cube_.axes()[axis].zero_mass ? 0 : u;
}

// The best, and others with a probability that grows with their value: standardized values as logarithms of weights,
// drawn without replacement by adding Gumbel numbers.
std::vector<ScoredPoint> AcquisitionOptimizer::ChooseStarts(const std::vector<ScoredPoint>& candidates) {
  const size_t greedy = std::min(effort_.greedy_starts, candidates.size());
  std::vector<ScoredPoint> starts(candidates.begin(), candidates.begin() + greedy);
  double mean = 0, square = 0, count = 0;
  for (const ScoredPoint& candidate : candidates) {
    if (!std::isfinite(candidate.value)) continue;
    mean += candidate.value;
    square += candidate.value * candidate.value;
    ++count;
  }
  if (count == 0) return starts;
  mean /= count;
  const double deviation = std::sqrt(std::max(square / count - mean * mean, 1e-12));
  std::vector<std::pair<double, size_t>> keys;
  for (size_t i = greedy; i < candidates.size(); ++i) {
    if (!std::isfinite(candidates[i].value)) continue;
    keys.emplace_back(-((candidates[i].value - mean) / deviation + random_.Gumbel()), i);
  }
  const size_t drawn = std::min(effort_.drawn_starts, keys.size());
  std::partial_sort(keys.begin(), keys.begin() + drawn, keys.end());
  for (size_t i = 0; i < drawn; ++i) starts.push_back(candidates[keys[i].second]);
  return starts;
}

AcquisitionOptimizer::Search AcquisitionOptimizer::StartSearch(const UnitPoint& point, int rounds) const {
  std::vector<size_t> axes;
  std::vector<double> start, lower, upper;
  for (size_t axis : climbing_axes_) {
    const double least = std::max(cube_.axes()[axis].zero_mass, box_ ? box_->lower[axis] : 0);
    const double most = box_ ? box_->upper[axis] : 1;
    // Of a coordinate that may be 0, 0 is no place to climb from. A perturbed copy may stand outside of the box.
    if (point[axis] == kInactive || point[axis] < least || point[axis] > most) continue;
    axes.push_back(axis);
    start.push_back(point[axis]);
    lower.push_back(least);
    upper.push_back(most);
  }
  return {point, std::move(axes),
          Lbfgs(std::move(start), std::move(lower), std::move(upper),
                {.max_iterations = rounds, .first_step = 0.1, .max_step = 0.5})};
}

UnitPoint AcquisitionOptimizer::Search::At(const std::vector<double>& coordinates) const {
  UnitPoint point = start;
  for (size_t i = 0; i < axes.size(); ++i) point[axes[i]] = coordinates[i];
  return point;
}

void AcquisitionOptimizer::Climb(std::vector<ScoredPoint>& points, int rounds) const {
  std::vector<Search> searches;
  for (const ScoredPoint& point : points) searches.push_back(StartSearch(point.point, rounds));
  for (int round = 0; round < rounds && ClimbTogether(searches); ++round) {
  }
  std::vector<UnitPoint> ends;
  for (const Search& search : searches) {
    ends.push_back(search.At(search.lbfgs.point()));
    cube_.Snap(ends.back());
  }
  const std::vector<ScoredPoint> scored = Score(std::move(ends));
  for (size_t i = 0; i < scored.size(); ++i) {
    if (scored[i].value > points[i].value) points[i] = scored[i];
  }
}

bool AcquisitionOptimizer::ClimbTogether(std::vector<Search>& searches) const {
  std::vector<UnitPoint> batch;
  std::vector<Search*> active;
  for (Search& search : searches) {
    if (search.lbfgs.is_done()) continue;
    batch.push_back(search.At(search.lbfgs.candidate()));
    active.push_back(&search);
  }
  if (batch.empty()) return false;
  std::vector<double> gradient, descent;
  const std::vector<double> values = acquisition_.Evaluate(batch, gradient);
  for (size_t b = 0; b < active.size(); ++b) {
    descent.clear();
    for (size_t axis : active[b]->axes) {
      const size_t feature = *acquisition_.features().FeatureOf(axis);
      descent.push_back(-gradient[b * acquisition_.features().numeric() + feature]);
    }
    active[b]->lbfgs.Tell(-values[b], descent);
  }
  return true;
}

void AcquisitionOptimizer::Sweep(std::vector<ScoredPoint>& points) {
  bool has_changed = true;
  for (int sweep = 0; sweep < kSweeps && has_changed; ++sweep) {
    has_changed = false;
    for (size_t axis : swept_axes_) {
      std::vector<UnitPoint> alternatives;
      std::vector<size_t> owners;
      for (size_t p = 0; p < points.size(); ++p) {
        AddAlternatives(points[p].point, axis, alternatives);
        owners.resize(alternatives.size(), p);
      }
      if (alternatives.empty()) continue;
      const std::vector<ScoredPoint> scored = Score(std::move(alternatives));
      for (size_t i = 0; i < scored.size(); ++i) {
        if (!(scored[i].value > points[owners[i]].value)) continue;
        points[owners[i]] = scored[i];
        has_changed = true;
      }
    }
  }
}

void AcquisitionOptimizer::AddAlternatives(const UnitPoint& point, size_t axis, std::vector<UnitPoint>& alternatives) {
  if (point[axis] == kInactive) return;
  const double zero_mass = cube_.axes()[axis].zero_mass;
  if (zero_mass > 0) {
    // From 0 to the least value and somewhere above; from there to 0.
    std::vector<double> others = {0};
    if (point[axis] == 0) others = {zero_mass, zero_mass + (1 - zero_mass) * random_.Uniform()};
    for (double other : others) {
      alternatives.push_back(point);
      alternatives.back()[axis] = other;
    }
    return;
  }
  const int64_t levels = cube_.axes()[axis].levels;
  const int64_t own = cube_.Level(axis, point[axis]);
  std::vector<int64_t> others;
  if (cube_.axes()[axis].kind == Axis::Kind::kCategorical || levels <= kFewLevels) {
    others.resize(static_cast<size_t>(levels));
    std::iota(others.begin(), others.end(), 0);
  } else {
    for (int64_t step = -3; step <= 3; ++step) others.push_back(own + step);
    for (int i = 0; i < 2; ++i) others.push_back(static_cast<int64_t>(random_.Below(static_cast<uint64_t>(levels))));
  }
  for (int64_t level : others) {
    if (level == own || level < 0 || level >= levels) continue;
    alternatives.push_back(point);
    alternatives.back()[axis] = cube_.Coordinate(axis, level);
    DrawActivated(alternatives.back());
  }
}

std::vector<ScoredPoint> AcquisitionOptimizer::Score(std::vector<UnitPoint> points) const {
  std::vector<ScoredPoint> scored;
  scored.reserve(points.size());
  for (size_t begin = 0; begin < points.size(); begin += kBlock) {
    const size_t count = std::min(kBlock, points.size() - begin);
    const std::vector<double> values = acquisition_.Evaluate(std::span(points).subspan(begin, count));
    for (size_t i = 0; i < count; ++i) scored.push_back({std::move(points[begin + i]), values[i]});
  }
  return scored;
}

}  // namespace pegbox
