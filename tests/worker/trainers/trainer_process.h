// pegbox-trainer as a child process, its output in files.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/worker/trainers/scratch_directory.h"

namespace pegbox::trainer {

class TrainerProcess {
 public:
  // The program sees `variables` and nothing else of the environment.
  TrainerProcess(const ScratchDirectory& scratch, const std::vector<std::string>& arguments,
                 const std::map<std::string, std::string>& variables = {});
  ~TrainerProcess();
  TrainerProcess(const TrainerProcess&) = delete;
  TrainerProcess& operator=(const TrainerProcess&) = delete;

  void Signal(int number);

  // The exit code, or minus the signal that ended it.
  int Wait();

  std::string Output() const { return ScratchDirectory::Read(output_path_); }
  std::string Errors() const { return ScratchDirectory::Read(errors_path_); }

 private:
  const std::string output_path_;
  const std::string errors_path_;
  int pid_ = -1;
};

}  // namespace pegbox::trainer
