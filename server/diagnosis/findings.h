// A diagnosis in sentences for people: first what is wrong, then what moves it, then what to try.
#pragma once

#include <string>
#include <vector>

namespace pegbox {

struct JobDiagnosis;

std::vector<std::string> DescribeFindings(const JobDiagnosis& diagnosis);

}  // namespace pegbox
