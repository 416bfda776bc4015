#include "client/cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace pegbox::cli {
namespace {

TerminalSize MeasureTerminal() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {.width = size.ws_col, .height = size.ws_row};
}

bool IsSet(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

}  // namespace

Console StandardConsole(const char* program) {
  Console console{.out = std::cout, .err = std::cerr};
  const char* const term = std::getenv("TERM");
  const bool can_move_cursor = term == nullptr || std::string(term) != "dumb";
  console.is_terminal = isatty(STDOUT_FILENO) == 1 && can_move_cursor;
  console.use_color = console.is_terminal && !IsSet("NO_COLOR");
  console.terminal_size = MeasureTerminal;
  console.program = program;
  std::error_code error;
  console.bin_directory = std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
  return console;
}

std::string ShellQuoted(const std::string& argument) {
  constexpr char kPlain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,";
  if (!argument.empty() && argument.find_first_not_of(kPlain) == std::string::npos) return argument;
  return absl::StrCat("'", absl::StrReplaceAll(argument, {{"'", R"('\'')"}}), "'");
}

}  // namespace pegbox::cli
