// Carries reports to whoever started the trial: the worker's socket when there is one, else lines on standard output.
#pragma once

#include <memory>
#include <ostream>
#include <string>

#include "worker/trainers/metric_report.h"
#include "worker/trainers/worker_link.h"

namespace pegbox::trainer {

// Not thread-safe.
class Reporter {
 public:
  // `link` may be null. `out` must outlive the reporter.
  Reporter(std::unique_ptr<WorkerLink> link, std::ostream& out) : link_(std::move(link)), out_(out) {}

  // Prints `headline` and the metrics for people and delivers the report once: over the socket, or, where that did not
  // take it, as a metric line.
  void Send(const std::string& headline, const MetricReport& report);

  // Prints a line for people.
  void Print(const std::string& line);

  // Does not wait.
  StopReason PollStop() { return link_ == nullptr ? std::nullopt : link_->PollStop(); }

 private:
  const std::unique_ptr<WorkerLink> link_;
  std::ostream& out_;
};

}  // namespace pegbox::trainer
