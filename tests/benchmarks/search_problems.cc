#include "tests/benchmarks/search_problems.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/search/random_stream.h"

namespace pegbox {
namespace {

constexpr double kPi = std::numbers::pi;
using Point = std::vector<double>;
using Function = std::function<double(const Point&)>;

RandomStream Shifts(uint64_t seed) { return RandomStream(seed, 0, RandomPurpose::kSimulation); }

SearchSpace Make(std::vector<Parameter> parameters) { return SearchSpace::Create(std::move(parameters)).value(); }

std::string Name(size_t i) { return absl::StrCat("x", i); }

// A function of doubles over a box.
SearchProblem Box(std::vector<std::pair<double, double>> ranges, double optimum, Function function) {
  std::vector<Parameter> parameters;
  for (size_t i = 0; i < ranges.size(); ++i) {
    parameters.push_back({.name = Name(i), .domain = DoubleDomain{ranges[i].first, ranges[i].second}});
  }
  const size_t dimensions = ranges.size();
  return {Make(std::move(parameters)),
          [dimensions, function](const Assignment& assignment) {
            Point x(dimensions);
            for (size_t i = 0; i < dimensions; ++i) x[i] = std::get<double>(assignment.at(Name(i)));
            return function(x);
          },
          optimum};
}

SearchProblem Cube(size_t dimensions, double low, double high, double optimum, Function function) {
  return Box(std::vector<std::pair<double, double>>(dimensions, {low, high}), optimum, std::move(function));
}

// function(x - shift + centre), where the shifted minimum lies anywhere in the inner 60 % of the box.
SearchProblem Shifted(size_t dimensions, double low, double high, double minimum_at, uint64_t seed, Function function) {
  RandomStream random = Shifts(seed);
  Point shift(dimensions);
  for (double& s : shift) s = low + (high - low) * (0.2 + 0.6 * random.Uniform()) - minimum_at;
  return Cube(dimensions, low, high, 0, [shift, function](const Point& x) {
    Point moved(x.size());
    for (size_t i = 0; i < x.size(); ++i) moved[i] = x[i] - shift[i];
    return function(moved);
  });
}

double Square(double x) { return x * x; }

// ----- Functions of doubles (Surjanovic and Bingham, Virtual Library of Simulation Experiments).

double Branin(const Point& x) {
  return Square(x[1] - 5.1 / (4 * kPi * kPi) * x[0] * x[0] + 5 / kPi * x[0] - 6) +
         10 * (1 - 1 / (8 * kPi)) * std::cos(x[0]) + 10;
}

double Hartmann3(const Point& x) {
  static constexpr double kA[4][3] = {{3, 10, 30}, {0.1, 10, 35}, {3, 10, 30}, {0.1, 10, 35}};
  static constexpr double kP[4][3] = {
      {0.3689, 0.1170, 0.2673}, {0.4699, 0.4387, 0.7470}, {0.1091, 0.8732, 0.5547}, {0.0381, 0.5743, 0.8828}};
  static constexpr double kWeights[4] = {1.0, 1.2, 3.0, 3.2};
  double sum = 0;
  for (int i = 0; i < 4; ++i) {
    double exponent = 0;
    for (int j = 0; j < 3; ++j) exponent += kA[i][j] * Square(x[j] - kP[i][j]);
    sum -= kWeights[i] * std::exp(-exponent);
  }
  return sum;
}

double Hartmann6(const Point& x) {
  static constexpr double kA[4][6] = {
      {10, 3, 17, 3.5, 1.7, 8}, {0.05, 10, 17, 0.1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, 0.05, 10, 0.1, 14}};
  static constexpr double kP[4][6] = {{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
                                      {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
                                      {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
                                      {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}};
  static constexpr double kWeights[4] = {1.0, 1.2, 3.0, 3.2};
  double sum = 0;
  for (int i = 0; i < 4; ++i) {
    double exponent = 0;
    for (int j = 0; j < 6; ++j) exponent += kA[i][j] * Square(x[j] - kP[i][j]);
    sum -= kWeights[i] * std::exp(-exponent);
  }
  return sum;
}

double Ackley(const Point& x) {
  double squares = 0, cosines = 0;
  for (double u : x) {
    squares += u * u;
    cosines += std::cos(2 * kPi * u);
  }
  const double n = static_cast<double>(x.size());
  return -20 * std::exp(-0.2 * std::sqrt(squares / n)) - std::exp(cosines / n) + 20 + std::numbers::e;
}

double Rosenbrock(const Point& x) {
  double sum = 0;
  for (size_t i = 0; i + 1 < x.size(); ++i) sum += 100 * Square(x[i + 1] - x[i] * x[i]) + Square(1 - x[i]);
  return sum;
}

double Levy(const Point& x) {
  const auto w = [&](size_t i) { return 1 + (x[i] - 1) / 4; };
  double sum = Square(std::sin(kPi * w(0)));
  for (size_t i = 0; i + 1 < x.size(); ++i) {
    sum += Square(w(i) - 1) * (1 + 10 * Square(std::sin(kPi * w(i) + 1)));
  }
  const double last = w(x.size() - 1);
  return sum + Square(last - 1) * (1 + Square(std::sin(2 * kPi * last)));
}

double Rastrigin(const Point& x) {
  double sum = 0;
  for (double u : x) sum += u * u - 10 * std::cos(2 * kPi * u) + 10;
  return sum;
}

double StyblinskiTang(const Point& x) {
  double sum = 0;
  for (double u : x) sum += u * u * u * u - 16 * u * u + 5 * u;
  return sum / 2;
}

double Michalewicz(const Point& x) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    sum -= std::sin(x[i]) * std::pow(std::sin(static_cast<double>(i + 1) * x[i] * x[i] / kPi), 20);
  }
  return sum;
}

// Axes of the ellipsoid are random orthogonal directions (Gram and Schmidt).
SearchProblem RotatedEllipsoid(size_t dimensions, double condition, uint64_t seed) {
  RandomStream random = Shifts(seed + 1000);
  std::vector<Point> axes;
  while (axes.size() < dimensions) {
    Point axis(dimensions);
    for (double& u : axis) u = random.Normal();
    for (const Point& other : axes) {
      const double along = std::inner_product(axis.begin(), axis.end(), other.begin(), 0.0);
      for (size_t i = 0; i < dimensions; ++i) axis[i] -= along * other[i];
    }
    const double length = std::sqrt(std::inner_product(axis.begin(), axis.end(), axis.begin(), 0.0));
    for (double& u : axis) u /= length;
    axes.push_back(axis);
  }
  return Shifted(dimensions, -5, 5, 0, seed, [axes, condition](const Point& x) {
    double sum = 0;
    for (size_t i = 0; i < axes.size(); ++i) {
      const double along = std::inner_product(x.begin(), x.end(), axes[i].begin(), 0.0);
      sum += std::pow(condition, static_cast<double>(i) / static_cast<double>(axes.size() - 1)) * along * along;
    }
    return sum;
  });
}

SearchProblem EmbeddedHartmann6(size_t dimensions) {
  return Cube(dimensions, 0, 1, -3.322368011415515, [](const Point& x) { return Hartmann6(x); });
}

// ----- Mixed spaces.

// A network's validation loss above its least: the best learning rate moves with optimizer, batch size and depth; above
// it training diverges; the best dropout grows with the size of the network.
SearchProblem NeuralNetwork(uint64_t seed) {
  RandomStream random = Shifts(seed);
  const std::vector<std::string> activations = {"relu", "gelu", "tanh"};
  const std::vector<std::string> optimizers = {"sgd", "adam", "lion"};
  const size_t best_activation = random.Below(3);
  const size_t best_optimizer = random.Below(3);
  const double best_decay = -5 + 2.5 * random.Uniform();
  const double best_layers = 2 + static_cast<double>(random.Below(4));
  const double best_width = 6 + static_cast<double>(random.Below(4));
  const double best_batch = 5 + static_cast<double>(random.Below(4));
  SearchSpace space = Make({
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
    const auto index = [](const std::vector<std::string>& names, const ParameterValue& value) {
      return static_cast<size_t>(std::find(names.begin(), names.end(), std::get<std::string>(value)) - names.begin());
    };
    const double layers = static_cast<double>(std::get<int64_t>(a.at("layers")));
    const double width = std::log2(std::get<double>(a.at("width")));
    const double batch = std::log2(std::get<double>(a.at("batch_size")));
    const size_t optimizer = index(optimizers, a.at("optimizer"));
    const double best_rate = std::vector{-1.2, -2.8, -3.6}[optimizer] + 0.15 * (batch - 6) - 0.12 * (layers - 3);
    const double rate = std::log10(std::get<double>(a.at("learning_rate"))) - best_rate;
    const double best_dropout = 0.1 + 0.04 * layers + 0.02 * (width - 4);
    const double distance = optimizer == best_optimizer ? 0 : 1;
    double loss = 0.35 * rate * rate + (rate > 0.7 ? 2 + 3 * (rate - 0.7) : 0);
    loss += 0.06 * Square(std::log10(std::get<double>(a.at("weight_decay"))) - best_decay);
    loss += 1.5 * Square(std::get<double>(a.at("dropout")) - best_dropout);
    loss += 0.02 * Square(batch - best_batch) + 0.03 * Square(layers - best_layers) + 0.02 * Square(width - best_width);
    loss += 0.08 * distance + (index(activations, a.at("activation")) == best_activation ? 0 : 0.05);
    return loss;
  };
  return {std::move(space), evaluate, 0};
}

// Ackley's function of three doubles and three categories.
SearchProblem MixedAckley(uint64_t seed) {
  RandomStream random = Shifts(seed);
  Point shift(3), best(3);
  for (double& s : shift) s = -1 + 2 * random.Uniform();
  for (double& b : best) b = static_cast<double>(random.Below(3));
  std::vector<Parameter> parameters;
  for (size_t i = 0; i < 3; ++i) parameters.push_back({.name = Name(i), .domain = DoubleDomain{-2, 2}});
  for (size_t i = 3; i < 6; ++i) {
    parameters.push_back({.name = Name(i), .domain = CategoricalDomain{{"0", "1", "2"}}});
  }
  const auto evaluate = [shift, best](const Assignment& a) {
    Point x(6);
    for (size_t i = 0; i < 3; ++i) x[i] = std::get<double>(a.at(Name(i))) - shift[i];
    for (size_t i = 3; i < 6; ++i) {
      x[i] = std::get<std::string>(a.at(Name(i))) == std::to_string(static_cast<int>(best[i - 3])) ? 0 : 1;
    }
    return Ackley(x);
  };
  return {Make(std::move(parameters)), evaluate, 0};
}

}  // namespace

const std::vector<SearchProblemFamily>& SearchProblemFamilies() {
  static const auto* const kFamilies = new std::vector<SearchProblemFamily>{
      {"branin",
       [](uint64_t) {
         return Box({{-5, 10}, {0, 15}}, 0.39788735772973816, Branin);
       }},
      {"hartmann3", [](uint64_t) { return Cube(3, 0, 1, -3.862779787332660, Hartmann3); }},
      {"hartmann6", [](uint64_t) { return EmbeddedHartmann6(6); }},
      {"ackley5", [](uint64_t seed) { return Shifted(5, -32.768, 32.768, 0, seed, Ackley); }},
      {"rosenbrock4", [](uint64_t) { return Cube(4, -2.048, 2.048, 0, Rosenbrock); }},
      {"levy8", [](uint64_t seed) { return Shifted(8, -10, 10, 1, seed, Levy); }},
      {"rastrigin4", [](uint64_t seed) { return Shifted(4, -5.12, 5.12, 0, seed, Rastrigin); }},
      {"styblinski_tang5", [](uint64_t) { return Cube(5, -5, 5, 5 * -39.16616570377141, StyblinskiTang); }},
      {"michalewicz5", [](uint64_t) { return Cube(5, 0, kPi, -4.687658179088148, Michalewicz); }},
      {"ellipsoid6", [](uint64_t seed) { return RotatedEllipsoid(6, 1e3, seed); }},
      {"hartmann6_in_20", [](uint64_t) { return EmbeddedHartmann6(20); }},
      {"neural_network8", NeuralNetwork},
      {"mixed_ackley6", MixedAckley},
  };
  return *kFamilies;
}

}  // namespace pegbox
