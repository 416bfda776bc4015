// Functions of doubles from the literature on global optimization, with the optima known there. Source: Surjanovic and
// Bingham, Virtual Library of Simulation Experiments, unless said otherwise.
#pragma once

#include "tests/benchmarks/problems/problem_space.h"

namespace pegbox {

inline constexpr double kBraninOptimum = 0.39788735772973816;
inline constexpr double kHartmann3Optimum = -3.862779787332660;
inline constexpr double kHartmann6Optimum = -3.322368011415515;
inline constexpr double kMichalewicz5Optimum = -4.687658179088148;
inline constexpr double kStyblinskiTangOptimum = -39.16616570377141;  // of each dimension

double Branin(const Point& x);      // [-5, 10] x [0, 15]
double Hartmann3(const Point& x);   // [0, 1]^3
double Hartmann6(const Point& x);   // [0, 1]^d, d >= 6: only the first six coordinates count
double Ackley(const Point& x);      // 0 at 0
double Rosenbrock(const Point& x);  // 0 at 1
double Levy(const Point& x);        // 0 at 1
double Rastrigin(const Point& x);   // 0 at 0
double Schwefel(const Point& x);    // 0 at 420.97, [-500, 500]^d
double StyblinskiTang(const Point& x);
double Michalewicz(const Point& x);
// Griewank's function of Rosenbrock's terms (f19 of BBOB without its rotation); 0 at 1.
double GriewankRosenbrock(const Point& x);
// Sum of condition^(i / (d - 1)) x_i^2; 0 at 0.
double Ellipsoid(const Point& x, double condition);
// A bowl of plateaus 0.5 wide with the slightest slope inside (as f7 of BBOB has it); 0 at 0.
double Steps(const Point& x);

}  // namespace pegbox
