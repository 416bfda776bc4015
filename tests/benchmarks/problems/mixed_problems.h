// Synthetic response surfaces of real tuning tasks, with parameters of every kind. Each is a sum of terms that are zero
// together in one point of the space, so the optimum is 0 by construction; where that point lies follows the seed.
#pragma once

#include "tests/benchmarks/problems/search_problem.h"

namespace pegbox {

// ----- Of the tuning set.

// A support-vector machine's error by log C and log gamma: a valley along C gamma = const, chance level far from it.
SearchProblem SupportVectorMachine(uint64_t seed);
// A network's validation loss: the best learning rate moves with optimizer, batch size and depth, and above it training
// diverges; the best dropout grows with the network.
SearchProblem NeuralNetwork(uint64_t seed);
// Gradient-boosted trees: a valley along learning rate x number of trees, which depth moves; deeper trees want fewer
// rows and columns each.
SearchProblem GradientBoosting(uint64_t seed);
// Ackley's function of three doubles and three categories.
SearchProblem MixedAckley(uint64_t seed);

// ----- Of the held-out set.

// A network whose optimizer's own parameters, and each layer's width, are active only for some choices; to two levels.
SearchProblem ConditionalNetwork(uint64_t seed);
// A support-vector machine whose kernel decides which parameters there are.
SearchProblem ConditionalKernel(uint64_t seed);
// An ellipsoid, condition 100, of integers with 2, 4, 8 and 16 levels and two doubles, as in the suite bbob-mixint
// (Tusar, Brockhoff and Hansen 2019).
SearchProblem MixedIntegerEllipsoid(uint64_t seed);

}  // namespace pegbox
