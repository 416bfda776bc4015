#include "client/cli/resource_argument.h"

#include <gtest/gtest.h>

namespace pegbox::cli {
namespace {

TEST(ResourceArgumentTest, JobsComeBareOrAsNames) {
  EXPECT_EQ(*ParseJobArgument("fashion"), "fashion");
  EXPECT_EQ(*ParseJobArgument("tuningJobs/fashion"), "fashion");
  for (const char* text : {"", "Fashion", "-a", "a/7", "tuningJobs/", "tuningJobs/a/trials/7", "jobs/a", "a b"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseJobArgument(text).status())) << text;
  }
}

TEST(ResourceArgumentTest, TrialsComeShortOrAsNames) {
  EXPECT_EQ(*ParseTrialArgument("fashion/7"), (TrialId{"fashion", 7}));
  EXPECT_EQ(*ParseTrialArgument("tuningJobs/fashion/trials/7"), (TrialId{"fashion", 7}));
  for (const char* text : {"", "fashion", "fashion/", "fashion/0", "fashion/-1", "fashion/07", "fashion/x", "/7",
                           "fashion/7/8", "tuningJobs/fashion/7", "fashion/trials/7", "Fashion/7"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseTrialArgument(text).status())) << text;
  }
  EXPECT_EQ(ParseTrialArgument("fashion").status().message(),
            "TRIAL: must be a job and a trial's number, such as fashion/7; got \"fashion\"");
}

TEST(ResourceArgumentTest, WhatMayBeEitherIsToldByItsForm) {
  EXPECT_EQ(std::get<std::string>(*ParseJobOrTrialArgument("fashion")), "fashion");
  EXPECT_EQ(std::get<std::string>(*ParseJobOrTrialArgument("tuningJobs/fashion")), "fashion");
  EXPECT_EQ(std::get<TrialId>(*ParseJobOrTrialArgument("fashion/7")).number, 7);
  EXPECT_EQ(std::get<TrialId>(*ParseJobOrTrialArgument("tuningJobs/fashion/trials/7")).number, 7);
  EXPECT_TRUE(absl::IsInvalidArgument(ParseJobOrTrialArgument("fashion/x").status()));
}

}  // namespace
}  // namespace pegbox::cli
