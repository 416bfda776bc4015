#include "server/search/gp/acquisition.h"

#include <cmath>

#include "gtest/gtest.h"
#include "server/search/gp/acquisition_optimizer.h"
#include "server/search/taken_points.h"
#include "tests/server/search/search_spaces.h"

namespace pegbox {
namespace {

// A surrogate over a space, of points drawn at random and a function of their coordinates.
class AcquisitionTest : public ::testing::Test {
 protected:
  void Build(SearchSpace space, size_t count) {
    space_ = std::move(space);
    cube_ = std::make_unique<UnitCube>(space_);
    features_ = std::make_unique<FeatureMap>(*cube_);
    RandomStream random(5, 6, RandomPurpose::kRandomSearch);
    std::vector<double> labels;
    for (size_t i = 0; i < count; ++i) {
      points_.push_back(RandomPoint(*cube_, random));
      double sum = 0;
      for (double u : points_.back()) sum += (u - 0.4) * (u - 0.4);
      outputs_.push_back(sum - 0.5);
      labels.push_back(points_.back()[0] < 0.7 ? 1 : -1);
    }
    Theta theta(features_->dimensions() + 2, -0.5);
    theta.back() = -8;
    objective_ = GaussianProcess::Create(features_->Map(points_), outputs_, theta);
    feasibility_ = GaussianProcess::Create(features_->Map(points_), labels, theta);
    ASSERT_TRUE(objective_ && feasibility_);
  }

  SearchSpace space_;
  std::unique_ptr<UnitCube> cube_;
  std::unique_ptr<FeatureMap> features_;
  std::vector<UnitPoint> points_;
  std::vector<double> outputs_;
  std::optional<GaussianProcess> objective_, feasibility_;
};

TEST_F(AcquisitionTest, GradientMatchesFiniteDifferences) {
  Build(MakeSpace({Double("x", 0, 1), Double("y", 0, 1), Bool("z")}), 20);
  const double incumbent = ChooseIncumbent(*objective_, outputs_, {});
  for (bool has_failures : {false, true}) {
    const Acquisition acquisition(*features_, *objective_, has_failures ? &*feasibility_ : nullptr, incumbent);
    RandomStream random(1, 1, RandomPurpose::kAcquisition);
    for (int i = 0; i < 20; ++i) {
      const UnitPoint point = RandomPoint(*cube_, random);
      std::vector<double> gradient;
      acquisition.Evaluate(std::vector<UnitPoint>{point}, gradient);
      for (size_t axis : {0, 1}) {
        const double step = 1e-6;
        UnitPoint above = point, below = point;
        above[axis] += step;
        below[axis] -= step;
        const std::vector<double> values = acquisition.Evaluate(std::vector<UnitPoint>{above, below});
        const double difference = (values[0] - values[1]) / (2 * step);
        EXPECT_NEAR(gradient[axis], difference, 1e-6 * std::max(1.0, std::abs(difference)));
      }
    }
  }
}

TEST_F(AcquisitionTest, FailuresMakeTheirRegionUnattractive) {
  Build(MakeSpace({Double("x", 0, 1), Double("y", 0, 1)}), 40);
  const Acquisition plain(*features_, *objective_, nullptr, -0.4);
  const Acquisition careful(*features_, *objective_, &*feasibility_, -0.4);
  const std::vector<UnitPoint> points = {{0.3, 0.5}, {0.95, 0.5}};
  EXPECT_NEAR(careful.Evaluate(points)[0], plain.Evaluate(points)[0], 0.3);
  EXPECT_LT(careful.Evaluate(points)[1], plain.Evaluate(points)[1] - 1);
}

TEST_F(AcquisitionTest, IncumbentIsTheBestOutputUnlessNoiseRules) {
  Build(MakeSpace({Double("x", 0, 1)}), 15);
  const double best = *std::min_element(outputs_.begin(), outputs_.end());
  EXPECT_EQ(ChooseIncumbent(*objective_, outputs_, {}), best);
  EXPECT_EQ(ChooseIncumbent(*objective_, outputs_, std::vector{best - 1, best}), best - 1) << "a pending point's mean";
  const auto noisy = GaussianProcess::Create(features_->Map(points_), outputs_, {-0.5, -0.5, std::log(0.9)});
  EXPECT_GT(ChooseIncumbent(*noisy, outputs_, {}), best) << "the best posterior mean";
}

TEST_F(AcquisitionTest, OptimizerBeatsAFineGrid) {
  Build(MakeSpace({Double("x", 0, 1), Double("y", 0, 1)}), 12);
  const Acquisition acquisition(*features_, *objective_, nullptr, ChooseIncumbent(*objective_, outputs_, {}));
  const std::vector<ScoredPoint> found = AcquisitionOptimizer(*cube_, acquisition, 1, 2).Maximize(points_);
  std::vector<UnitPoint> grid;
  for (int i = 0; i <= 200; ++i) {
    for (int j = 0; j <= 200; ++j) grid.push_back({i / 200.0, j / 200.0});
  }
  const std::vector<double> values = acquisition.Evaluate(grid);
  EXPECT_GE(found[0].value, *std::max_element(values.begin(), values.end()) - 1e-6);
  EXPECT_DOUBLE_EQ(found[0].value, acquisition.Evaluate(std::vector<UnitPoint>{found[0].point})[0]);
}

TEST_F(AcquisitionTest, OptimizerFindsTheBestOfMixedSpaces) {
  Build(MakeSpace({Double("x", 0, 1), Integer("layers", 1, 6), Integer("trees", 10, 2000, Scale::kLog),
                   Categorical("optimizer", {"a", "b", "c"}), Bool("augment")}),
        30);
  const Acquisition acquisition(*features_, *objective_, nullptr, ChooseIncumbent(*objective_, outputs_, {}));
  const std::vector<ScoredPoint> found = AcquisitionOptimizer(*cube_, acquisition, 1, 2).Maximize(points_);
  RandomStream random(9, 9, RandomPurpose::kAcquisition);
  std::vector<UnitPoint> points;
  for (int i = 0; i < 20000; ++i) points.push_back(RandomPoint(*cube_, random));
  const std::vector<double> values = acquisition.Evaluate(points);
  EXPECT_GE(found[0].value, *std::max_element(values.begin(), values.end()));
  UnitPoint snapped = found[0].point;
  cube_->Snap(snapped);
  EXPECT_EQ(found[0].point, snapped);
}

TEST_F(AcquisitionTest, OptimizerLooksAtAllOfASmallSpace) {
  Build(MakeSpace({Integer("layers", 1, 7), Categorical("optimizer", {"a", "b", "c"}), Bool("augment")}), 10);
  const Acquisition acquisition(*features_, *objective_, nullptr, ChooseIncumbent(*objective_, outputs_, {}));
  EXPECT_EQ(AcquisitionOptimizer(*cube_, acquisition, 1, 2).Maximize(points_).size(), 42);
}

}  // namespace
}  // namespace pegbox
