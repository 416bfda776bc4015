// Minimization within bounds by projected L-BFGS (Nocedal and Wright, Numerical Optimization, 2006, alg. 7.4), turned
// inside out: the caller evaluates, so that many searches can share one batch of evaluations.
//
//   while (!search.is_done()) search.Tell(f(search.candidate()), gradient);
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace pegbox {

class Lbfgs {
 public:
  struct Options {
    int max_iterations = 40;
    double gradient_tolerance = 1e-6;  // on the largest component of the projected gradient
    double value_tolerance = 1e-6;     // on the decrease of a step, relative to max(|f|, 1)
    double first_step = 0.5;           // largest length of the first step
    double max_step = 3;               // largest change of a coordinate in a step
  };

  // `start` within the bounds, all of one size.
  Lbfgs(std::vector<double> start, std::vector<double> lower, std::vector<double> upper, Options options);

  bool is_done() const { return is_done_; }
  // Where to evaluate next. Within the bounds.
  const std::vector<double>& candidate() const { return candidate_; }
  // f and its gradient at candidate(). A value that is not finite counts as infinitely bad.
  void Tell(double value, std::span<const double> gradient);

  // The best point told so far and its value; the start and infinity before the first finite one.
  const std::vector<double>& point() const { return point_; }
  double value() const { return value_; }

 private:
  // A pair of the memory: the step s, the gradient's change y, 1 / s'y.
  struct Pair {
    std::vector<double> s, y;
    double rho;
  };

  void Accept(double value, std::span<const double> gradient);
  void Backtrack(double value);
  void StartLineSearch();
  bool IsBlocked(size_t i, double descent) const;
  std::vector<double> Direction() const;
  void PlaceCandidate();

  const std::vector<double> lower_, upper_;
  const Options options_;
  std::vector<double> point_, gradient_, direction_, candidate_;
  std::vector<Pair> memory_;
  double value_ = std::numeric_limits<double>::infinity();
  double step_ = 0;
  int iterations_ = 0;
  int halvings_ = 0;
  bool is_done_ = false;
};

}  // namespace pegbox
