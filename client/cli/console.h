// Where the CLI writes and what can be shown there. The result of a command goes to `out`, all else to `err`.
#pragma once

#include <cstddef>
#include <functional>
#include <ostream>
#include <string>

namespace pegbox::cli {

struct TerminalSize {
  size_t width = 100;
  size_t height = 24;
};

struct Console {
  std::ostream& out;
  std::ostream& err;
  bool is_terminal = false;  // `out` is one: a watch is redrawn in place
  bool use_color = false;
  std::function<TerminalSize()> terminal_size = [] { return TerminalSize(); };
  std::string program = "pegbox";  // as it was called, for commands that are printed to be copied
  std::string bin_directory;       // where pegbox-server and pegbox-worker lie
};

// The process's own standard output and error. No colours when NO_COLOR is set and not empty, or TERM is "dumb".
Console StandardConsole(const char* program);

// `argument` as one word for a POSIX shell.
std::string ShellQuoted(const std::string& argument);

}  // namespace pegbox::cli
