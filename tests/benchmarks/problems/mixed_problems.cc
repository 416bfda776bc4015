#include "tests/benchmarks/problems/mixed_problems.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "tests/benchmarks/problems/classic_functions.h"
#include "tests/benchmarks/problems/problem_space.h"

namespace pegbox {
namespace {

using Names = std::vector<std::string>;

double Log10(const Assignment& a, const std::string& name) { return std::log10(std::get<double>(a.at(name))); }

double Integer(const Assignment& a, const std::string& name) {
  return static_cast<double>(std::get<int64_t>(a.at(name)));
}

size_t IndexOf(const Names& names, const Assignment& a, const std::string& name) {
  const auto& value = std::get<std::string>(a.at(name));
  return static_cast<size_t>(std::find(names.begin(), names.end(), value) - names.begin());
}

double Between(RandomStream& random, double low, double high) { return low + (high - low) * random.Uniform(); }

}  // namespace

SearchProblem SupportVectorMachine(uint64_t seed) {
  RandomStream random = ProblemRandom(seed);
  const double best_c = Between(random, -1, 2);
  const double best_gamma = Between(random, -3.5, -0.5);
  const auto evaluate = [=](const Assignment& a) {
    const double c = Log10(a, "c") - best_c, gamma = Log10(a, "gamma") - best_gamma;
    const double across = c + gamma, along = c - gamma;
    return 0.45 * -std::expm1(-0.5 * (Square(across / 0.9) + Square(along / 4)));
  };
  return {.space = MakeSpace({
              {.name = "c", .domain = DoubleDomain{1e-3, 1e4, Scale::kLog}},
              {.name = "gamma", .domain = DoubleDomain{1e-6, 1e1, Scale::kLog}},
          }),
          .evaluate = evaluate};
}

SearchProblem NeuralNetwork(uint64_t seed) {
  RandomStream random = ProblemRandom(seed);
  const std::vector<std::string> activations = {"relu", "gelu", "tanh"};
  const std::vector<std::string> optimizers = {"sgd", "adam", "lion"};
  const size_t best_activation = random.Below(3);
  const size_t best_optimizer = random.Below(3);
  const double best_decay = -5 + 2.5 * random.Uniform();
  const double best_layers = 2 + static_cast<double>(random.Below(4));
  const double best_width = 6 + static_cast<double>(random.Below(4));
  const double best_batch = 5 + static_cast<double>(random.Below(4));
  SearchSpace space = MakeSpace({
      {.name = "learning_rate", .domain = DoubleDomain{1e-5, 1, Scale::kLog}},
      {.name = "weight_decay", .domain = DoubleDomain{1e-6, 1e-1, Scale::kLog}},
      {.name = "dropout", .domain = DoubleDomain{0, 0.7}},
      {.name = "batch_size", .domain = DiscreteDomain{{16, 32, 64, 128, 256, 512, 1024}}},
      {.name = "layers", .domain = IntegerDomain{1, 6}},
      {.name = "width", .domain = DiscreteDomain{{16, 32, 64, 128, 256, 512, 1024, 2048}}},
      {.name = "activation", .domain = CategoricalDomain{activations}},
      {.name = "optimizer", .domain = CategoricalDomain{optimizers}},
  });
  const auto evaluate = [=](const Assignment& a) {
    const double layers = static_cast<double>(std::get<int64_t>(a.at("layers")));
    const double width = std::log2(std::get<double>(a.at("width")));
    const double batch = std::log2(std::get<double>(a.at("batch_size")));
    const size_t optimizer = IndexOf(optimizers, a, "optimizer");
    const double best_rate = std::vector{-1.2, -2.8, -3.6}[optimizer] + 0.15 * (batch - 6) - 0.12 * (layers - 3);
    const double rate = std::log10(std::get<double>(a.at("learning_rate"))) - best_rate;
    const double best_dropout = 0.1 + 0.04 * layers + 0.02 * (width - 4);
    const double distance = optimizer == best_optimizer ? 0 : 1;
    double loss = 0.35 * rate * rate + (rate > 0.7 ? 2 + 3 * (rate - 0.7) : 0);
    loss += 0.06 * Square(std::log10(std::get<double>(a.at("weight_decay"))) - best_decay);
    loss += 1.5 * Square(std::get<double>(a.at("dropout")) - best_dropout);
    loss += 0.02 * Square(batch - best_batch) + 0.03 * Square(layers - best_layers) + 0.02 * Square(width - best_width);
    loss += 0.08 * distance + (IndexOf(activations, a, "activation") == best_activation ? 0 : 0.05);
    return loss;
  };
  return {.space = std::move(space), .evaluate = evaluate};
}

SearchProblem GradientBoosting(uint64_t seed) {
  RandomStream random = ProblemRandom(seed);
  const double best_trees = 50 * static_cast<double>(4 + random.Below(16));
  const double best_depth = 3 + static_cast<double>(random.Below(8));
  const double best_rate = Between(random, -2.3, -0.7);
  const double best_child_weight = Between(random, -1, 1.5);
  const double best_l2 = Between(random, -2, 1);
  const Names policies = {"depth_wise", "loss_guide", "symmetric"};
  const size_t best_policy = random.Below(3);
  std::vector<double> trees(20);
  for (size_t i = 0; i < trees.size(); ++i) trees[i] = 50 * static_cast<double>(i + 1);
  SearchSpace space = MakeSpace({
      {.name = "learning_rate", .domain = DoubleDomain{1e-3, 1, Scale::kLog}},
      {.name = "trees", .domain = DiscreteDomain{trees}},
      {.name = "depth", .domain = IntegerDomain{1, 15}},
      {.name = "rows", .domain = DoubleDomain{0.3, 1}},
      {.name = "columns", .domain = DoubleDomain{0.3, 1}},
      {.name = "child_weight", .domain = DoubleDomain{1e-2, 1e2, Scale::kLog}},
      {.name = "l2", .domain = DoubleDomain{1e-4, 1e2, Scale::kLog}},
      {.name = "policy", .domain = CategoricalDomain{policies}},
  });
  const auto evaluate = [=](const Assignment& a) {
    const double rate = Log10(a, "learning_rate") - best_rate;
    const double depth = Integer(a, "depth") - best_depth;
    // Too little boosting underfits soon, too much overfits slowly.
    const double boosting = rate + std::log10(std::get<double>(a.at("trees")) / best_trees) + 0.04 * depth;
    double loss = (boosting < 0 ? 0.5 : 0.2) * Square(boosting) + 0.02 * Square(rate) + 0.004 * Square(depth);
    loss += 0.3 * Square(std::get<double>(a.at("rows")) - (0.8 - 0.03 * depth));
    loss += 0.2 * Square(std::get<double>(a.at("columns")) - (0.7 - 0.02 * depth));
    loss += 0.02 * Square(Log10(a, "child_weight") - best_child_weight - 0.1 * depth);
    loss += 0.01 * Square(Log10(a, "l2") - best_l2);
    return loss + (IndexOf(policies, a, "policy") == best_policy ? 0 : 0.03);
  };
  return {.space = std::move(space), .evaluate = evaluate};
}

SearchProblem MixedAckley(uint64_t seed) {
  RandomStream random = ProblemRandom(seed);
  Point shift(3), best(3);
  for (double& s : shift) s = -1 + 2 * random.Uniform();
  for (double& b : best) b = static_cast<double>(random.Below(3));
  std::vector<Parameter> parameters;
  for (size_t i = 0; i < 3; ++i) parameters.push_back({.name = CoordinateName(i), .domain = DoubleDomain{-2, 2}});
  for (size_t i = 3; i < 6; ++i) {
    parameters.push_back({.name = CoordinateName(i), .domain = CategoricalDomain{{"0", "1", "2"}}});
  }
  const auto evaluate = [shift, best](const Assignment& a) {
    Point x(6);
    for (size_t i = 0; i < 3; ++i) x[i] = std::get<double>(a.at(CoordinateName(i))) - shift[i];
    for (size_t i = 3; i < 6; ++i) {
      x[i] = std::get<std::string>(a.at(CoordinateName(i))) == std::to_string(static_cast<int>(best[i - 3])) ? 0 : 1;
    }
    return Ackley(x);
  };
  return {.space = MakeSpace(std::move(parameters)), .evaluate = evaluate};
}

SearchProblem ConditionalNetwork(uint64_t seed) {
  RandomStream random = ProblemRandom(seed);
  const bool is_sgd_best = random.Below(2) == 0;
  const double best_layers = 1 + static_cast<double>(random.Below(3));
  const double best_momentum = Between(random, 0.5, 0.95), best_decay = Between(random, -5, -2);
  const double best_beta = Between(random, -3, -1.5), best_rate = Between(random, -3.5, -1.5);
  const Point best_widths = {Between(random, 5, 8), Between(random, 5, 8), Between(random, 5, 8)};
  const Condition sgd{"optimizer", {std::string("sgd")}}, adam{"optimizer", {std::string("adam")}};
  SearchSpace space = MakeSpace({
      {.name = "optimizer", .domain = CategoricalDomain{{"sgd", "adam"}}},
      {.name = "learning_rate", .domain = DoubleDomain{1e-5, 1, Scale::kLog}},
      {.name = "momentum", .domain = DoubleDomain{0, 0.99}, .condition = sgd},
      {.name = "beta2", .domain = DoubleDomain{0.9, 0.9999, Scale::kReverseLog}, .condition = adam},
      {.name = "decays", .domain = BoolDomain{}, .condition = adam},
      {.name = "weight_decay",
       .domain = DoubleDomain{1e-6, 1e-1, Scale::kLog},
       .condition = Condition{"decays", {true}}},
      {.name = "layers", .domain = IntegerDomain{1, 3}},
      {.name = "width_1", .domain = IntegerDomain{16, 512, Scale::kLog}},
      {.name = "width_2",
       .domain = IntegerDomain{16, 512, Scale::kLog},
       .condition = Condition{"layers", {int64_t{2}, int64_t{3}}}},
      {.name = "width_3",
       .domain = IntegerDomain{16, 512, Scale::kLog},
       .condition = Condition{"layers", {int64_t{3}}}},
  });
  const auto evaluate = [=](const Assignment& a) {
    const bool is_sgd = std::get<std::string>(a.at("optimizer")) == "sgd";
    const double layers = Integer(a, "layers");
    const double rate = Log10(a, "learning_rate") - best_rate - (is_sgd ? 0.8 : 0) + 0.2 * (layers - 2);
    double loss = 0.3 * Square(rate) + (rate > 0.8 ? 1 : 0) + (is_sgd == is_sgd_best ? 0 : 0.05);
    loss += 0.04 * Square(layers - best_layers);
    if (is_sgd) {
      loss += 0.5 * Square(std::get<double>(a.at("momentum")) - best_momentum);
    } else {
      loss += 0.05 * Square(std::log10(1 - std::get<double>(a.at("beta2"))) - best_beta);
      loss += std::get<bool>(a.at("decays")) ? 0.03 * Square(Log10(a, "weight_decay") - best_decay) : 0.02;
    }
    for (size_t i = 0; i < static_cast<size_t>(layers); ++i) {
      // The best width is a whole number, so that it can be reached.
      const double width = Integer(a, "width_" + std::to_string(i + 1));
      loss += 0.03 * Square(std::log2(width / std::round(std::exp2(best_widths[i]))));
    }
    return loss;
  };
  return {.space = std::move(space), .evaluate = evaluate};
}

SearchProblem ConditionalKernel(uint64_t seed) {
  RandomStream random = ProblemRandom(seed);
  const Names kernels = {"linear", "polynomial", "radial"};
  const size_t best_kernel = random.Below(3);
  Point best_c(3);
  for (double& c : best_c) c = Between(random, -1, 2);
  const double best_gamma = Between(random, -3, 0), best_offset = Between(random, 0.2, 0.8);
  const double best_degree = 2 + static_cast<double>(random.Below(4));
  const Condition polynomial{"kernel", {std::string("polynomial")}};
  SearchSpace space = MakeSpace({
      {.name = "kernel", .domain = CategoricalDomain{kernels}},
      {.name = "c", .domain = DoubleDomain{1e-3, 1e4, Scale::kLog}},
      {.name = "gamma",
       .domain = DoubleDomain{1e-5, 1e1, Scale::kLog},
       .condition = Condition{"kernel", {std::string("polynomial"), std::string("radial")}}},
      {.name = "degree", .domain = IntegerDomain{2, 6}, .condition = polynomial},
      {.name = "offset", .domain = DoubleDomain{0, 1}, .condition = polynomial},
  });
  const auto evaluate = [=](const Assignment& a) {
    const size_t kernel = IndexOf(kernels, a, "kernel");
    const double c = Log10(a, "c") - best_c[kernel];
    double distance = kernel == best_kernel ? 0 : 0.1;
    if (kernel == 0) {
      distance += 0.1 * Square(c);
    } else {
      const double gamma = Log10(a, "gamma") - best_gamma;
      distance += 0.5 * Square(c + gamma) + 0.05 * Square(c - gamma);
    }
    if (kernel == 1) {
      distance += 0.05 * Square(Integer(a, "degree") - best_degree);
      distance += 0.5 * Square(std::get<double>(a.at("offset")) - best_offset);
    }
    return 0.5 * -std::expm1(-distance);
  };
  return {.space = std::move(space), .evaluate = evaluate};
}

SearchProblem MixedIntegerEllipsoid(uint64_t seed) {
  RandomStream random = ProblemRandom(seed);
  const std::vector<int64_t> levels = {2, 4, 8, 16};
  std::vector<Parameter> parameters;
  Point best;
  for (int64_t count : levels) {
    best.push_back(static_cast<double>(random.Below(static_cast<uint64_t>(count))));
    parameters.push_back({.name = CoordinateName(parameters.size()), .domain = IntegerDomain{0, count - 1}});
  }
  for (int i = 0; i < 2; ++i) {
    best.push_back(Between(random, 0.2, 0.8));
    parameters.push_back({.name = CoordinateName(parameters.size()), .domain = DoubleDomain{0, 1}});
  }
  const Rotation rotation = RandomRotation(best.size(), random);
  const auto evaluate = [=](const Assignment& a) {
    Point x(best.size());
    for (size_t i = 0; i < x.size(); ++i) {
      const bool is_integer = i < levels.size();
      const double value = is_integer ? Integer(a, CoordinateName(i)) : std::get<double>(a.at(CoordinateName(i)));
      // Every coordinate is scaled to a range of 10.
      x[i] = 10 * (value - best[i]) / (is_integer ? static_cast<double>(levels[i] - 1) : 1);
    }
    return Ellipsoid(Rotate(rotation, x), 100);
  };
  return {.space = MakeSpace(std::move(parameters)), .evaluate = evaluate};
}

}  // namespace pegbox
