#include "worker/trainers/reporter.h"

namespace pegbox::trainer {

void Reporter::Send(const std::string& headline, const MetricReport& report) {
  Print(headline + " " + HumanText(report));
  if (link_ == nullptr || !link_->Send(SocketLine(report))) Print(MetricLine(report));
}

void Reporter::Print(const std::string& line) { out_ << line << '\n' << std::flush; }

}  // namespace pegbox::trainer
