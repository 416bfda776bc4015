#include "worker/process/report_socket.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <thread>

#include "absl/synchronization/notification.h"
#include "tests/worker/process/process_fixture.h"
#include "worker/metrics/report.h"

namespace pegbox::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A trial's end of the socket. Calls that wait give up after the patience of the tests.
class Client {
 public:
  explicit Client(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0) << errno;
    const timeval patience = absl::ToTimeval(kPatience);
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }

  // False when the other end is gone.
  bool Send(absl::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // The next line without its end; "<closed>" at the end of the connection.
  std::string ReadLine() {
    while (true) {
      const size_t end = received_.find('\n');
      if (end != std::string::npos) {
        std::string line = received_.substr(0, end);
        received_.erase(0, end + 1);
        return line;
      }
      char buffer[4096];
      const ssize_t size = recv(fd_.get(), buffer, sizeof buffer, 0);
      if (size < 0 && errno == EAGAIN) return "<nothing came>";
      if (size <= 0) return "<closed>";
      received_.append(buffer, static_cast<size_t>(size));
    }
  }

  void EndInput() { shutdown(fd_.get(), SHUT_WR); }

 private:
  UniqueFd fd_;
  std::string received_;
};

class ReportSocketTest : public ProcessTest {
 protected:
  // Answers each line with "got " and the line, but not the line "silence".
  void Listen() {
    auto socket = ReportSocket::Listen(Path("s"), [this](absl::string_view line) {
      lines_.callback()(line);
      return line == "silence" ? std::string() : absl::StrCat("got ", line);
    });
    ASSERT_TRUE(socket.ok()) << socket.status();
    socket_ = *std::move(socket);
  }

  std::unique_ptr<ReportSocket> socket_;
};

TEST_F(ReportSocketTest, EachLineGetsItsReply) {
  Listen();
  Client client(Path("s"));
  client.Send("one\n");
  EXPECT_EQ(client.ReadLine(), "got one");
  client.Send("two\r\nsilence\n\nthr");
  EXPECT_EQ(client.ReadLine(), "got two");
  client.Send("ee\n");
  EXPECT_EQ(client.ReadLine(), "got three");
  EXPECT_THAT(lines_.lines(), ElementsAre("one", "two", "silence", "three"));
}

TEST_F(ReportSocketTest, SocketIsPrivate) {
  Listen();
  struct stat found = {};
  ASSERT_EQ(stat(Path("s").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0600 & 07777);
  EXPECT_TRUE(S_ISSOCK(found.st_mode));
}

TEST_F(ReportSocketTest, SeveralProgramsReportAtOnce) {
  Listen();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, i] {
      Client client(Path("s"));
      for (int line = 0; line < 100; ++line) {
        const std::string text = absl::StrCat(i, ":", line);
        client.Send(text + "\n");
        EXPECT_EQ(client.ReadLine(), "got " + text);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lines_.lines().size(), 800);
}

TEST_F(ReportSocketTest, BroadcastReachesEveryConnectionAndLaterOnes) {
  Listen();
  Client first(Path("s"));
  Client second(Path("s"));
  for (Client* client : {&first, &second}) {
    client->Send("hello\n");
    EXPECT_EQ(client->ReadLine(), "got hello");
  }
  socket_->Broadcast(R"({"directive":"STOP","reason":"median rule"})");
  Client late(Path("s"));
  for (Client* client : {&first, &second, &late}) {
    EXPECT_EQ(client->ReadLine(), R"({"directive":"STOP","reason":"median rule"})");
    client->Send("bye\n");
    EXPECT_EQ(client->ReadLine(), "got bye");
  }
}

TEST_F(ReportSocketTest, BadLinesGetTheirErrorAndTheConnectionGoesOn) {
  auto socket = ReportSocket::Listen(Path("s"), [](absl::string_view line) {
    const auto report = ParseReportLine(line);
    return report.ok() ? std::string("ok") : std::string(report.status().message());
  });
  ASSERT_TRUE(socket.ok()) << socket.status();
  Client client(Path("s"));
  client.Send("{\n");
  EXPECT_THAT(client.ReadLine(), StartsWith("report: must be one JSON object"));
  client.Send(std::string("\0\xff\xfe\n", 4));
  EXPECT_THAT(client.ReadLine(), StartsWith("report: must be one JSON object"));
  client.Send(std::string(200'000, 'x') + "\n");
  EXPECT_THAT(client.ReadLine(), HasSubstr("at most 65536 bytes"));
  client.Send(R"({"step":1,"metrics":{"loss":0.5}})"
              "\n");
  EXPECT_EQ(client.ReadLine(), "ok");
}

TEST_F(ReportSocketTest, LastLineWithoutAnEndIsAnsweredBeforeTheConnectionEnds) {
  Listen();
  Client client(Path("s"));
  client.Send("one\ntwo");
  client.EndInput();
  EXPECT_EQ(client.ReadLine(), "got one");
  EXPECT_EQ(client.ReadLine(), "got two");
  EXPECT_EQ(client.ReadLine(), "<closed>");
}

TEST_F(ReportSocketTest, ClientThatDoesNotReadIsHeldBackAndOthersAreServed) {
  Listen();
  Client deaf(Path("s"));
  std::thread sender([&] {
    // Ends when the socket goes: nobody takes so much from a client that reads no replies.
    while (deaf.Send("a line that is answered but whose answer is never read\n")) {
    }
  });
  Client client(Path("s"));
  for (int i = 0; i < 100; ++i) {
    client.Send("one\n");
    EXPECT_EQ(client.ReadLine(), "got one");
  }
  socket_.reset();
  sender.join();
}

TEST_F(ReportSocketTest, ClientThatLeavesAMegabyteUnreadIsDisconnected) {
  Listen();
  Client client(Path("s"));
  client.Send("one\n");
  EXPECT_EQ(client.ReadLine(), "got one");
  const std::string big(900'000, 'x');
  socket_->Broadcast(big);
  Client witness(Path("s"));  // its first line says that the first broadcast is out
  EXPECT_EQ(witness.ReadLine(), big);
  socket_->Broadcast(big);
  EXPECT_EQ(witness.ReadLine(), big);
  std::string line;
  while ((line = client.ReadLine()) == big) {
  }
  EXPECT_EQ(line, "<closed>");
}

TEST_F(ReportSocketTest, ConnectionsOverTheLimitWaitForAPlace) {
  Listen();
  std::vector<std::unique_ptr<Client>> clients;
  for (size_t i = 0; i < kMaxSocketConnections; ++i) {
    clients.push_back(std::make_unique<Client>(Path("s")));
    clients.back()->Send("x\n");
    EXPECT_EQ(clients.back()->ReadLine(), "got x");
  }
  Client waiting(Path("s"));
  waiting.Send("waited\n");
  clients[0]->Send("y\n");
  EXPECT_EQ(clients[0]->ReadLine(), "got y");
  EXPECT_NE(lines_.lines().back(), "waited");
  clients.erase(clients.begin());
  EXPECT_EQ(waiting.ReadLine(), "got waited");
}

TEST_F(ReportSocketTest, EndOfTheSocketEndsConnectionsAndRemovesTheFile) {
  Listen();
  Client client(Path("s"));
  client.Send("one\n");
  EXPECT_EQ(client.ReadLine(), "got one");
  socket_->Broadcast("last words");
  socket_.reset();
  EXPECT_EQ(client.ReadLine(), "last words");
  EXPECT_EQ(client.ReadLine(), "<closed>");
  EXPECT_FALSE(std::filesystem::exists(Path("s")));
}

// A trial may report and end before its worker has looked.
TEST_F(ReportSocketTest, LinesOfClientsThatHaveEndedAreHandedOnBeforeTheSocketEnds) {
  absl::Notification is_held;
  absl::Notification release;
  std::vector<std::string> lines;
  auto socket = ReportSocket::Listen(Path("s"), [&](absl::string_view line) {
    lines.emplace_back(line);
    if (line == "hold") is_held.Notify();
    if (line == "hold") release.WaitForNotification();
    return std::string(200, 'r');
  });
  ASSERT_TRUE(socket.ok()) << socket.status();
  socket_ = *std::move(socket);
  Client holder(Path("s"));
  holder.Send("hold\n");
  ASSERT_TRUE(is_held.WaitForNotificationWithTimeout(kPatience));
  std::vector<std::string> sent = {"hold"};
  {
    Client ended(Path("s"));
    std::string bytes;
    for (int i = 0; i < 2000; ++i) {
      sent.push_back(absl::StrCat("line ", i));
      absl::StrAppend(&bytes, i == 0 ? "" : "\n", sent.back());
    }
    ended.Send(bytes);
  }
  std::thread ending([this] { socket_.reset(); });
  release.Notify();
  ending.join();
  EXPECT_EQ(lines, sent);
}

TEST_F(ReportSocketTest, SocketOfAKilledWorkerIsReplacedAndAnythingElseIsNot) {
  {
    const UniqueFd stale(socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, Path("s").c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(bind(stale.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  Listen();
  Client client(Path("s"));
  client.Send("one\n");
  EXPECT_EQ(client.ReadLine(), "got one");

  std::ofstream(Path("file")) << "precious";
  const auto on_file = ReportSocket::Listen(Path("file"), [](absl::string_view) { return std::string(); });
  EXPECT_EQ(on_file.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadFile(Path("file")), "precious");
}

TEST_F(ReportSocketTest, BadPathsAreRejected) {
  const auto ignore = [](absl::string_view) { return std::string(); };
  const auto too_long = ReportSocket::Listen("/tmp/" + std::string(103, 'x'), ignore);
  EXPECT_EQ(too_long.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(too_long.status().message()), HasSubstr("1 to 107 bytes; got 108"));
  EXPECT_EQ(ReportSocket::Listen("", ignore).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReportSocket::Listen("/nonexistent/s", ignore).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace pegbox::worker
