#include "server/diagnosis/findings.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/diagnosis/job_diagnosis.h"

namespace pegbox {
namespace {

constexpr double kSignificant = 0.05;

std::string Number(double value) { return absl::StrFormat("%.4g", value); }

std::string Levels(const JobDiagnosis& diagnosis) {
  return absl::StrCat("at their best epoch the ", diagnosis.best_trials.size(), " best trials have ",
                      diagnosis.pair.validation, " ", Number(diagnosis.median_validation), " and ",
                      diagnosis.pair.train, " ", Number(diagnosis.median_train), ", a gap of ",
                      Number(diagnosis.median_gap), " (medians)");
}

std::string VerdictSentence(const JobDiagnosis& diagnosis) {
  switch (diagnosis.verdict) {
    case Verdict::kTooFewTrials:
      return absl::StrCat("Too few trials to judge: ", diagnosis.trials.size(), " report both ", diagnosis.pair.train,
                          " and ", diagnosis.pair.validation, ", and 5 are needed.");
    case Verdict::kOverfits: {
      std::string text = absl::StrCat("The trials overfit: ", Levels(diagnosis), ".");
      if (diagnosis.median_divergence_step.has_value()) {
        absl::StrAppend(&text, " In ", diagnosis.diverged_trials, " of ", diagnosis.trials.size(),
                        " trials validation got worse while training went on improving, from epoch ",
                        *diagnosis.median_divergence_step, " on (median).");
      }
      return text;
    }
    case Verdict::kUnderfits:
      return absl::StrCat(
          "The trials underfit: at least half of the best ones were still improving at their last "
          "epoch, and ",
          Levels(diagnosis),
          ". Train for more epochs, raise the learning rate or the model's capacity, or regularise "
          "less.");
    case Verdict::kGeneralizes:
      return absl::StrCat("The trials generalise: ", Levels(diagnosis), ".");
  }
  return "";
}

std::string EffectSentence(const ParameterEffect& effect) {
  if (!effect.is_ordered) {
    return absl::StrFormat(
        "The choice of %s moves the gap (correlation ratio %.2f, p %.3f, %d trials): its mean is %s "
        "for the best choice and %s for the worst.",
        effect.parameter, effect.with_gap.strength, effect.with_gap.p_value, effect.trials, Number(effect.low_gap),
        Number(effect.high_gap));
  }
  std::string text = absl::StrFormat(
      "Higher %s goes with a %s gap (rank correlation %+.2f, p %.3f, %d trials): its mean is %s in the lowest third of "
      "%s and %s in the highest",
      effect.parameter, effect.with_gap.strength < 0 ? "smaller" : "larger", effect.with_gap.strength,
      effect.with_gap.p_value, effect.trials, Number(effect.low_gap), effect.parameter, Number(effect.high_gap));
  if (effect.with_value.p_value < kSignificant) {
    absl::StrAppend(&text,
                    absl::StrFormat("; the objective gets %s with it (%+.2f)",
                                    effect.with_value.strength < 0 ? "better" : "worse", -effect.with_value.strength));
  }
  return text + ".";
}

std::string PressureSentence(const BoundPressure& pressure) {
  return absl::StrCat(pressure.trials, " of the ", pressure.best_trials, " best trials lie at the ",
                      pressure.is_maximum ? "maximum" : "minimum", " of ", pressure.parameter, " (",
                      Number(pressure.bound), "): the optimum may lie beyond it; ",
                      pressure.is_maximum ? "raise the maximum" : "lower the minimum", " if the parameter allows it.");
}

}  // namespace

std::vector<std::string> DescribeFindings(const JobDiagnosis& diagnosis) {
  std::vector<std::string> findings = {VerdictSentence(diagnosis)};
  size_t significant = 0;
  for (const ParameterEffect& effect : diagnosis.effects) {
    if (effect.with_gap.p_value >= kSignificant) continue;
    findings.push_back(EffectSentence(effect));
    ++significant;
  }
  if (significant == 0 && !diagnosis.effects.empty())
    findings.push_back("No parameter moved the gap clearly (none with p below 0.05).");
  for (const BoundPressure& pressure : diagnosis.pressures) findings.push_back(PressureSentence(pressure));
  return findings;
}

}  // namespace pegbox
