// pegbox-server as a program: its address file, how it ends, and what it does when its store is damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "client/cli/child_process.h"
#include "tests/server/store/temp_folder.h"

namespace pegbox {
namespace {

using cli::ChildProcess;
using testing::HasSubstr;
using testing::MatchesRegex;

std::string Read(const std::string& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

class ServerProgramTest : public testing::Test {
 protected:
  std::unique_ptr<ChildProcess> Start(std::vector<std::string> flags) {
    flags.insert(flags.begin(), PEGBOX_SERVER_PATH);
    return ChildProcess::Start({.command = std::move(flags), .log_path = folder_.File("log")}).value();
  }

  // Serves on a free port when this returns.
  std::unique_ptr<ChildProcess> StartServing() {
    auto server = Start({"--data", data_, "--listen", "localhost:0", "--address-file", address_file_});
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (Read(address_file_).empty() && absl::Now() < deadline && !server->WaitFor(absl::Milliseconds(20))) {
    }
    return server;
  }

  const TempFolder folder_;
  const std::string data_ = folder_.File("new/data");
  const std::string address_file_ = folder_.File("address");
};

TEST_F(ServerProgramTest, TellsItsAddressWhileItServesAndEndsWhenAsked) {
  const std::unique_ptr<ChildProcess> server = StartServing();
  EXPECT_THAT(Read(address_file_), MatchesRegex("127\\.0\\.0\\.1:[0-9]+\n"));
  const auto mode = std::filesystem::status(data_).permissions();
  EXPECT_EQ(mode & (std::filesystem::perms::group_all | std::filesystem::perms::others_all),
            std::filesystem::perms::none);
  server->Signal(SIGTERM);
  ASSERT_TRUE(server->WaitFor(absl::Seconds(10)));
  EXPECT_THAT(server->DescribeEnd(), HasSubstr("exit code 0"));
  EXPECT_FALSE(std::filesystem::exists(address_file_));
}

TEST_F(ServerProgramTest, ADamagedStoreEndsIt) {
  const std::unique_ptr<ChildProcess> server = StartServing();
  for (const std::string name : {"/pegbox.db", "/pegbox.db-wal"}) {
    std::fstream file(data_ + name, std::ios::in | std::ios::out | std::ios::binary);
    file << std::string(400'000, '\xa5');
  }
  ASSERT_TRUE(server->WaitFor(absl::Seconds(15)));
  EXPECT_THAT(server->DescribeEnd(), HasSubstr("exit code 1"));
  EXPECT_THAT(Read(folder_.File("log")), HasSubstr("the database is damaged"));
}

TEST_F(ServerProgramTest, WhatItCannotUseEndsItWithTheReason) {
  const auto exposed = Start({"--data", data_, "--listen", "0.0.0.0:0"});
  const auto no_folder = Start({"--data", PEGBOX_SERVER_PATH "/data", "--listen", "127.0.0.1:0"});
  const auto no_file = Start({"--data", data_, "--listen", "127.0.0.1:0", "--address-file", "/no/such/address"});
  for (const ChildProcess* server : {exposed.get(), no_folder.get(), no_file.get()}) {
    ASSERT_TRUE(server->WaitFor(absl::Seconds(20)));
  }
  EXPECT_THAT(exposed->DescribeEnd(), HasSubstr("exit code 78;"));
  EXPECT_THAT(no_folder->DescribeEnd(), HasSubstr("exit code 1;"));
  EXPECT_THAT(no_file->DescribeEnd(), HasSubstr("exit code 1;"));
  const std::string log = Read(folder_.File("log"));
  EXPECT_THAT(log, HasSubstr("data folder " PEGBOX_SERVER_PATH "/data: cannot be made: Not a directory"));
  EXPECT_THAT(log, HasSubstr("address file /no/such/address: cannot be written: No such file or directory"));
}

}  // namespace
}  // namespace pegbox
