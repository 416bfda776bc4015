// A TCP port of the loopback address that is one test's own for as long as the object lives, also while nothing listens
// there: tests that run at the same time take different ones, and the kernel gives it to no outgoing connection.
#pragma once

#include <string>

namespace pegbox::test {

class ReservedPort {
 public:
  ReservedPort();
  ~ReservedPort();
  ReservedPort(const ReservedPort&) = delete;
  ReservedPort& operator=(const ReservedPort&) = delete;

  int number() const { return number_; }
  std::string address() const;  // 127.0.0.1:PORT

 private:
  int number_ = 0;
  int lock_fd_ = -1;
};

}  // namespace pegbox::test
