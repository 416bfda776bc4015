#include "client/cli/watch_view.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/format.h"
#include "client/cli/sparkline.h"
#include "client/cli/text.h"

namespace pegbox::cli {
namespace {

constexpr size_t kBarWidth = 24;
constexpr size_t kCurveWidth = 16;
constexpr size_t kFixedLines = 6;  // of the live view, besides the running trials

class Style {
 public:
  explicit Style(bool use_color) : use_color_(use_color) {}
  std::string Bold(absl::string_view text) const { return Wrap("1", text); }
  std::string Dim(absl::string_view text) const { return Wrap("2", text); }
  std::string Red(absl::string_view text) const { return Wrap("31", text); }
  std::string Green(absl::string_view text) const { return Wrap("32", text); }
  std::string Cyan(absl::string_view text) const { return Wrap("36", text); }

 private:
  std::string Wrap(absl::string_view code, absl::string_view text) const {
    return use_color_ ? absl::StrCat("\x1b[", code, "m", text, "\x1b[0m") : std::string(text);
  }
  const bool use_color_;
};

std::string Padded(const std::string& text, size_t width) {
  return text + std::string(width - std::min(width, DisplayWidth(text)), ' ');
}

std::string Count(int64_t count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

std::string Metric(const JobProgress& progress) { return Printable(progress.job().spec().objective().metric()); }

int64_t DoneTrials(const v1::TuningJob::TrialCounts& counts) {
  return counts.completed() + counts.early_stopped() + counts.failed() + counts.canceled();
}

std::string Elapsed(const v1::TuningJob& job, absl::Time now) {
  const absl::Time end = job.has_end_time() ? ToTime(job.end_time()) : now;
  return FormatElapsed(std::max(absl::ZeroDuration(), end - ToTime(job.create_time())));
}

std::string HeaderLine(const JobProgress& progress, const Style& style, absl::Time now) {
  const v1::TuningJob& job = progress.job();
  const int64_t done = DoneTrials(job.trial_counts());
  const int64_t all = std::max<int64_t>(job.spec().max_jobs(), 1);
  const auto filled = static_cast<size_t>(kBarWidth * std::min(done, all) / all);
  std::string bar;
  for (size_t i = 0; i < kBarWidth; ++i) bar += i < filled ? "█" : "░";
  return absl::StrCat(style.Bold(LastPart(job.name())), "  ", StateName(job.state()), "  ", style.Cyan(bar), "  ", done,
                      " of ", Count(job.spec().max_jobs(), "trial"), "  ", Elapsed(job, now));
}

std::string BestLine(const JobProgress& progress, const Style& style) {
  const v1::Trial* const best = progress.best();
  if (best == nullptr) return "best     none yet";
  return absl::StrCat("best     ",
                      style.Green(absl::StrCat(Metric(progress), " ", FormatNumber(best->value()), "  trial ",
                                               TrialNumber(best->name()), " at epoch ", best->best_step())),
                      "  ", FormatParameters(*best));
}

std::string CountsLine(const JobProgress& progress) {
  const v1::TuningJob::TrialCounts& counts = progress.job().trial_counts();
  std::string line = absl::StrCat("trials   ", counts.completed(), " completed, ", counts.early_stopped(),
                                  " stopped early, ", counts.failed(), " failed");
  if (counts.canceled() > 0) absl::StrAppend(&line, ", ", counts.canceled(), " canceled");
  return line;
}

std::string EpochsLine(const JobProgress& progress) {
  const JobProgress::Epochs epochs = progress.CountEpochs();
  return absl::StrCat("epochs   ", epochs.run, " run, ", epochs.saved, " saved by stopping");
}

// One running trial; columns stand under each other.
std::string RunningLine(const JobProgress& progress, int64_t number, const v1::Trial& trial, const Style& style) {
  const std::map<int64_t, double>& curve = progress.Curve(number);
  std::vector<double> values;
  for (const auto& [step, value] : curve) values.push_back(value);
  const std::string at = trial.state() == v1::Trial::STOPPING ? "stopping"
                         : curve.empty()                      ? "starting"
                                                              : absl::StrCat("epoch ", curve.rbegin()->first);
  return absl::StrCat(Padded(absl::StrCat("trial ", number), 9), "  ", Padded(at, 10),
                      Padded(curve.empty() ? "" : FormatNumber(values.back()), 11),
                      style.Cyan(Padded(Sparkline(values, kCurveWidth), kCurveWidth)), "  ",
                      style.Dim(FormatParameters(trial)));
}

void AppendRunning(const JobProgress& progress, const Style& style, size_t max_lines, std::vector<std::string>& lines) {
  std::vector<std::string> running;
  for (const auto& [number, trial] : progress.trials()) {
    if (trial.state() != v1::Trial::RUNNING && trial.state() != v1::Trial::STOPPING) continue;
    running.push_back(RunningLine(progress, number, trial, style));
  }
  const bool fits = running.size() <= max_lines;
  const size_t shown = fits ? running.size() : max_lines - 1;
  lines.insert(lines.end(), running.begin(), running.begin() + static_cast<std::ptrdiff_t>(shown));
  if (!fits) lines.push_back(absl::StrCat("and ", running.size() - shown, " more running trials"));
}

// "trial 4 stopped early (median at epoch 5)".
std::string EndOf(int64_t number, const v1::Trial& trial) {
  std::string text = absl::StrCat("trial ", number, " ", StateName(trial.state()));
  if (trial.has_failure()) {
    absl::StrAppend(&text, " (", FailureName(trial.failure().kind()), trial.failure().detail().empty() ? "" : ": ",
                    Printable(trial.failure().detail()), ")");
  } else if (trial.has_stop()) {
    absl::StrAppend(&text, " (", StopSummary(trial), ")");
  }
  return text;
}

std::string GainLine(const JobProgress& progress, const JobProgress::Gain& gain) {
  const std::string first =
      gain.initial_trials == 1 ? "first random point" : absl::StrCat("first ", gain.initial_trials, " random points");
  if (gain.best == gain.initial_best) {
    return absl::StrCat("search      found nothing better than ", FormatNumber(gain.best), " of its ", first);
  }
  std::string line = absl::StrCat("search      ", FormatNumber(gain.initial_best), " after its ", first, ", ",
                                  FormatNumber(gain.best), " in the end");
  const double change = std::abs((gain.best - gain.initial_best) / gain.initial_best);
  if (std::isfinite(change)) {
    const bool is_higher = progress.job().spec().objective().goal() == v1::Objective::MAXIMIZE;
    absl::StrAppend(&line, ": ", absl::StrFormat("%.1f%%", 100 * change), is_higher ? " higher" : " lower");
  }
  return line;
}

void AppendBest(const JobProgress& progress, std::vector<std::string>& lines) {
  const v1::Trial* const best = progress.best();
  if (best == nullptr) {
    lines.push_back("best trial  none: no trial reported the objective");
    return;
  }
  const size_t epochs = progress.Curve(TrialNumber(best->name())).size();
  lines.push_back(absl::StrCat("best trial  ", TrialNumber(best->name()), ": ", Metric(progress), " ",
                               FormatNumber(best->value()), " at epoch ", best->best_step(), " (",
                               Count(static_cast<int64_t>(epochs), "epoch"), " run)"));
  lines.push_back(absl::StrCat("parameters  ", FormatParameters(*best)));
  if (!best->checkpoint_path().empty()) {
    lines.push_back(absl::StrCat("checkpoint  ", Printable(best->checkpoint_path())));
  }
  if (const auto gain = progress.SearchGain(); gain.has_value()) lines.push_back(GainLine(progress, *gain));
}

}  // namespace

std::vector<std::string> LiveLines(const JobProgress& progress, const ViewOptions& options, absl::Time now) {
  if (progress.job().name().empty()) return {};
  const Style style(options.use_color);
  std::vector<std::string> lines = {HeaderLine(progress, style, now), BestLine(progress, style), CountsLine(progress),
                                    EpochsLine(progress)};
  AppendRunning(progress, style, std::max(options.height, kFixedLines + 2) - kFixedLines, lines);
  if (!options.notice.empty()) lines.push_back(style.Red(Printable(options.notice)));
  for (std::string& line : lines) line = FitWidth(line, options.width);
  return lines;
}

std::vector<std::string> EventLines(const JobProgress& progress, const JobProgress::Changes& changes) {
  std::vector<std::string> lines;
  for (const int64_t number : changes.ended_trials) {
    const v1::Trial& trial = progress.trials().at(number);
    std::string line = EndOf(number, trial);
    if (trial.has_value()) {
      absl::StrAppend(&line, ": ", Metric(progress), " ", FormatNumber(trial.value()), " at epoch ", trial.best_step());
    }
    lines.push_back(absl::StrCat(line, "  ", FormatParameters(trial)));
  }
  if (changes.is_best_new) {
    const v1::Trial& best = *progress.best();
    lines.push_back(absl::StrCat("new best ", FormatNumber(best.value()), ": trial ", TrialNumber(best.name()),
                                 " at epoch ", best.best_step()));
  }
  return lines;
}

std::vector<std::string> SummaryLines(const JobProgress& progress, absl::string_view program) {
  const v1::TuningJob& job = progress.job();
  const std::string id = LastPart(job.name());
  std::vector<std::string> lines = {absl::StrCat("job         ", id, " ", StateName(job.state()), " (",
                                                 EndReasonName(job.end_reason()), job.end_detail().empty() ? "" : ": ",
                                                 Printable(job.end_detail()), ") after ",
                                                 Elapsed(job, absl::InfinitePast()))};
  AppendBest(progress, lines);
  const JobProgress::Epochs epochs = progress.CountEpochs();
  lines.push_back(absl::StrCat("stopping    ", Count(epochs.stopped_trials, "trial"),
                               " ended by a rule: ", Count(epochs.saved, "epoch"), " saved, ", epochs.run, " run"));
  lines.push_back(CountsLine(progress).replace(0, 9, "trials      "));
  lines.push_back("look further");
  const v1::Trial* const best = progress.best();
  if (best != nullptr) lines.push_back(absl::StrCat("  ", program, " best ", id));
  lines.push_back(absl::StrCat("  ", program, " trials ", id, " --sort best"));
  const int64_t number = best != nullptr             ? TrialNumber(best->name())
                         : progress.trials().empty() ? 0
                                                     : progress.trials().begin()->first;
  if (number > 0) {
    lines.push_back(absl::StrCat("  ", program, " trial ", id, "/", number));
    lines.push_back(absl::StrCat("  ", program, " logs ", id, "/", number));
  }
  return lines;
}

}  // namespace pegbox::cli
