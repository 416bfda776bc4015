// Bad requests of every other method: what is said of each, over a real server, and that nothing was changed.
#include <gtest/gtest.h>

#include <string>

#include "tests/server/rpc/fake_worker.h"
#include "tests/server/rpc/test_server.h"

namespace pegbox {
namespace {

using Tuning = v1::TuningService::Stub;
using Workers = v1::WorkerService::Stub;

constexpr char kIncarnation[] = "incarnation-00001";

v1::TuningService::Stub& StubOf(TestServer& server, Tuning*) { return server.tuning(); }
v1::WorkerService::Stub& StubOf(TestServer& server, Workers*) { return server.workers(); }

template <typename Stub, typename Request, typename Response>
absl::Status CallWith(TestServer& server, const std::string& text,
                      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*)) {
  Response response;
  return server.Call(StubOf(server, static_cast<Stub*>(nullptr)), method, Parse<Request>(text), response);
}

template <typename Request, typename Response>
absl::Status CallWith(TestServer& server, const std::string& text,
                      std::unique_ptr<grpc::ClientReader<Response>> (Tuning::*method)(grpc::ClientContext*,
                                                                                      const Request&)) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
  const auto stream = (server.tuning().*method)(&context, Parse<Request>(text));
  Response response;
  if (stream->Read(&response)) context.TryCancel();
  return FromGrpcStatus(stream->Finish());
}

// Calls the method with the request that the text stands for.
template <auto kMethod>
absl::Status Send(TestServer& server, const std::string& text) {
  return CallWith(server, text, kMethod);
}

absl::Status SendReport(TestServer& server, const std::string& text) {
  return FakeWorker(server, "unused").Report(Parse<v1::ReportTrialRequest>(text)).status();
}

struct BadRequest {
  std::string name;
  absl::Status (*send)(TestServer&, const std::string& text);
  std::string text;
  absl::StatusCode code;
  std::string error;
};

void PrintTo(const BadRequest& bad, std::ostream* out) { *out << bad.name; }

// One job, "job", without trials, and one worker, "w".
class BadRequestTest : public testing::TestWithParam<BadRequest> {
 protected:
  static void SetUpTestSuite() {
    server_ = new TestServer(TestServer::Engine::kStill);
    server_->Create(ExampleRequest("job"));
    EXPECT_EQ(FakeWorker(*server_, "w", kIncarnation).Register(), absl::OkStatus());
  }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }

  static TestServer* server_;
};

TestServer* BadRequestTest::server_ = nullptr;

TEST_P(BadRequestTest, IsRejectedAndChangesNothing) {
  const int64_t revision = server_->Revision();
  const absl::Status status = GetParam().send(*server_, GetParam().text);
  EXPECT_EQ(status.code(), GetParam().code);
  EXPECT_EQ(std::string(status.message()), GetParam().error);
  EXPECT_EQ(server_->Revision(), revision);
}

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
constexpr absl::StatusCode kNotFound = absl::StatusCode::kNotFound;

const BadRequest kOfJobs[] = {
    {"GetOfNoName", Send<&Tuning::GetTuningJob>, "", kInvalid,
     "name: must have the form \"tuningJobs/{job}\"; got \"\""},
    {"GetOfATrial", Send<&Tuning::GetTuningJob>, "name: 'tuningJobs/job/trials/1'", kInvalid,
     "name: must have the form \"tuningJobs/{job}\"; got \"tuningJobs/job/trials/1\""},
    {"GetOfABadId", Send<&Tuning::GetTuningJob>, "name: 'tuningJobs/-'", kInvalid,
     "name: must be 1 to 63 lower-case letters, digits and hyphens, and not begin with a hyphen; got \"-\""},
    {"GetOfNoJob", Send<&Tuning::GetTuningJob>, "name: 'tuningJobs/none'", kNotFound,
     "tuningJobs/none: no such tuning job"},
    {"StopOfNoJob", Send<&Tuning::StopTuningJob>, "name: 'tuningJobs/none'", kNotFound,
     "tuningJobs/none: no such tuning job"},
    {"PauseOfNoName", Send<&Tuning::PauseTuningJob>, "", kInvalid,
     "name: must have the form \"tuningJobs/{job}\"; got \"\""},
    {"ResumeOfNoName", Send<&Tuning::ResumeTuningJob>, "", kInvalid,
     "name: must have the form \"tuningJobs/{job}\"; got \"\""},
    {"UpdateToNoTrials", Send<&Tuning::UpdateTuningJob>, "name: 'tuningJobs/job' max_jobs: 0", kInvalid,
     "max_jobs: must be 1 to 1,000,000; got 0; choose a number between"},
    {"UpdateToNoneAtOnce", Send<&Tuning::UpdateTuningJob>, "name: 'tuningJobs/job' max_parallel_jobs: 0", kInvalid,
     "max_parallel_jobs: must be 1 to 10,000; got 0; choose a number between"},
    {"UpdateToNoTime", Send<&Tuning::UpdateTuningJob>, "name: 'tuningJobs/job' max_runtime {}", kInvalid,
     "max_runtime: must be 1 s to 365 days; got 0; choose a time between"},
    {"UpdateWithABadDuration", Send<&Tuning::UpdateTuningJob>, "name: 'tuningJobs/job' max_runtime {nanos: 2000000000}",
     kInvalid,
     "max_runtime: must be within 10,000 years, its nanos below a second and of the same sign; got 0 s and 2000000000 "
     "ns; write it as google.protobuf.Duration says"},
    {"ListWithANegativePage", Send<&Tuning::ListTuningJobs>, "page_size: -1", kInvalid,
     "page_size: must be 0 to 1000; got -1; leave it 0 for 100"},
    {"ListWithALargePage", Send<&Tuning::ListTuningJobs>, "page_size: 1001", kInvalid,
     "page_size: must be 0 to 1000; got 1001; leave it 0 for 100"},
    {"ListWithATokenOfOnesOwn", Send<&Tuning::ListTuningJobs>, "page_token: 'MTIz'", kInvalid,
     "page_token: must be the next_page_token of the page before, of the same list; got \"MTIz\"; leave it empty for "
     "the first page"},
    {"WatchOfNoJob", Send<&Tuning::WatchTuningJob>, "name: 'tuningJobs/none'", kNotFound,
     "tuningJobs/none: no such tuning job"},
    {"WatchSinceANegativeRevision", Send<&Tuning::WatchTuningJob>, "name: 'tuningJobs/job' since_revision: -1",
     kInvalid, "since_revision: must be 0 or more; got -1; begin with 0"},
    {"WatchSinceTheFuture", Send<&Tuning::WatchTuningJob>, "name: 'tuningJobs/job' since_revision: 1000", kInvalid,
     "since_revision: must be at most the last revision, 2; got 1000; begin with 0"},
};

const BadRequest kOfAskAndTell[] = {
    {"AskOfNoParent", Send<&Tuning::SuggestTrials>, "client: 'me'", kInvalid,
     "parent: must have the form \"tuningJobs/{job}\"; got \"\""},
    {"AskOfNoJob", Send<&Tuning::SuggestTrials>, "parent: 'tuningJobs/none' client: 'me'", kNotFound,
     "tuningJobs/none: no such tuning job"},
    {"AskOfNoClient", Send<&Tuning::SuggestTrials>, "parent: 'tuningJobs/job'", kInvalid,
     "client: must be 1 to 63 lower-case letters, digits and hyphens, and not begin with a hyphen; got \"\""},
    {"AskForMany", Send<&Tuning::SuggestTrials>, "parent: 'tuningJobs/job' client: 'me' count: 101", kInvalid,
     "count: must be 0 to 100; got 101; ask again for more"},
    {"AskForFewerThanNone", Send<&Tuning::SuggestTrials>, "parent: 'tuningJobs/job' client: 'me' count: -1", kInvalid,
     "count: must be 0 to 100; got -1; ask again for more"},
    {"AskWithALongRequestId", Send<&Tuning::SuggestTrials>,
     "parent: 'tuningJobs/job' client: 'me' request_id: '" + std::string(129, 'r') + "'", kInvalid,
     "request_id: must be at most 128 bytes; got 129 bytes; shorten it"},
    {"AskWithAShortLease", Send<&Tuning::SuggestTrials>,
     "parent: 'tuningJobs/job' client: 'me' lease_duration { nanos: 999000000 }", kInvalid,
     "lease_duration: must be 1 s to 30 days; got 999ms; choose a time between"},
    {"AskWithALongLease", Send<&Tuning::SuggestTrials>,
     "parent: 'tuningJobs/job' client: 'me' lease_duration { seconds: 2592001 }", kInvalid,
     "lease_duration: must be 1 s to 30 days; got 720h1s; choose a time between"},
    {"AskWithALongWait", Send<&Tuning::SuggestTrials>, "parent: 'tuningJobs/job' client: 'me' max_wait { seconds: 31 }",
     kInvalid, "max_wait: must be 0 s to 30 s; got 31s; choose a time between"},
    {"TellOfAJob", Send<&Tuning::ReportMeasurements>, "name: 'tuningJobs/job' attempt: 1", kInvalid,
     "name: must have the form \"tuningJobs/{job}/trials/{number}\"; got \"tuningJobs/job\""},
    {"TellOfNoAttempt", Send<&Tuning::ReportMeasurements>, "name: 'tuningJobs/job/trials/1'", kInvalid,
     "attempt: must be 1 or more; got 0; repeat the attempt of the trial that SuggestTrials handed out"},
    {"TellOfNoTrial", Send<&Tuning::ReportMeasurements>, "name: 'tuningJobs/job/trials/1' attempt: 1", kNotFound,
     "tuningJobs/job/trials/1: no such trial"},
    {"TellOfNoMetric", Send<&Tuning::ReportMeasurements>,
     "name: 'tuningJobs/job/trials/1' attempt: 1 measurements { step: 1 }", kInvalid,
     "measurements[0].metric: must be 1 to 128 characters of A-Z a-z 0-9 _ . : / -; got \"\"; name a metric, such as "
     "validation:loss"},
    {"CompleteAFailureOfNoKind", Send<&Tuning::CompleteTrial>,
     "name: 'tuningJobs/job/trials/1' attempt: 1 failure { detail: 'so' }", kInvalid,
     "failure.kind: must be EXIT_CODE, SIGNAL, OUT_OF_MEMORY, TIMEOUT, DIVERGED, NO_METRIC, LOST or SPAWN; got none; "
     "choose one of these"},
    {"CompleteNoTrial", Send<&Tuning::CompleteTrial>, "name: 'tuningJobs/job/trials/1' attempt: 1", kNotFound,
     "tuningJobs/job/trials/1: no such trial"},
};

const BadRequest kOfTrials[] = {
    {"GetOfTrialZero", Send<&Tuning::GetTrial>, "name: 'tuningJobs/job/trials/0'", kInvalid,
     "name: must have the form \"tuningJobs/{job}/trials/{number}\"; got \"tuningJobs/job/trials/0\""},
    {"GetOfNoTrial", Send<&Tuning::GetTrial>, "name: 'tuningJobs/job/trials/1'", kNotFound,
     "tuningJobs/job/trials/1: no such trial"},
    {"BestOfNoParent", Send<&Tuning::GetBestTrial>, "", kInvalid,
     "parent: must have the form \"tuningJobs/{job}\"; got \"\""},
    {"BestOfNoTrials", Send<&Tuning::GetBestTrial>, "parent: 'tuningJobs/job'", kNotFound,
     "tuningJobs/job has no trial with a value yet"},
    {"StopOfNoTrial", Send<&Tuning::StopTrial>, "name: 'tuningJobs/job/trials/1'", kNotFound,
     "tuningJobs/job/trials/1: no such trial"},
    {"ListOfNoJob", Send<&Tuning::ListTrials>, "parent: 'tuningJobs/none'", kNotFound,
     "tuningJobs/none: no such tuning job"},
    {"ListOfAnUnspecifiedState", Send<&Tuning::ListTrials>,
     "parent: 'tuningJobs/job' states: QUEUED states: STATE_UNSPECIFIED", kInvalid,
     "states[1]: must be QUEUED, RUNNING, STOPPING, COMPLETED, EARLY_STOPPED, FAILED or CANCELED; got none; choose one "
     "of these"},
    {"ListOfAnUnknownState", Send<&Tuning::ListTrials>, "parent: 'tuningJobs/job' states: 12", kInvalid,
     "states[0]: must be QUEUED, RUNNING, STOPPING, COMPLETED, EARLY_STOPPED, FAILED or CANCELED; got 12; choose one "
     "of these"},
    {"ListOfManyStates", Send<&Tuning::ListTrials>,
     "parent: 'tuningJobs/job' states: [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", kInvalid,
     "states: must be at most 16; got 17; name each state once"},
    {"ListInAnUnknownOrder", Send<&Tuning::ListTrials>, "parent: 'tuningJobs/job' order: 3", kInvalid,
     "order: must be NUMBER or BEST_FIRST; got 3; choose one of these"},
    {"MeasurementsOfAJob", Send<&Tuning::ListMeasurements>, "parent: 'tuningJobs/job'", kInvalid,
     "parent: must have the form \"tuningJobs/{job}/trials/{number}\"; got \"tuningJobs/job\""},
    {"MeasurementsOfABadMetric", Send<&Tuning::ListMeasurements>, "parent: 'tuningJobs/job/trials/1' metric: 'a b'",
     kInvalid,
     "metric: must be 1 to 128 characters of A-Z a-z 0-9 _ . : / -; got \"a b\"; name a metric, such as "
     "validation:loss"},
    {"MeasurementsWithALargePage", Send<&Tuning::ListMeasurements>,
     "parent: 'tuningJobs/job/trials/1' page_size: 10001", kInvalid,
     "page_size: must be 0 to 10000; got 10001; leave it 0 for 1000"},
    {"LogOfANegativeAttempt", Send<&Tuning::ReadTrialLog>, "name: 'tuningJobs/job/trials/1' attempt: -1", kInvalid,
     "attempt: must be 0 or more; got -1; use 0 for the last one"},
    {"LogFromANegativeOffset", Send<&Tuning::ReadTrialLog>, "name: 'tuningJobs/job/trials/1' offset: -1", kInvalid,
     "offset: must be 0 or more; got -1; use 0 to begin at the start"},
    {"LogOfNoTrial", Send<&Tuning::ReadTrialLog>, "name: 'tuningJobs/job/trials/1'", kNotFound,
     "tuningJobs/job/trials/1: no such trial"},
};

std::string Worker(const std::string& rest) { return "worker: 'workers/w' incarnation: 'incarnation-00001' " + rest; }
std::string Attempt(const std::string& rest) {
  return Worker("id { trial: 'tuningJobs/job/trials/1' attempt: 1 } " + rest);
}
std::string Repeat(int count, const std::string& text) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

const BadRequest kOfWorkers[] = {
    {"RegisterOfNoName", Send<&Workers::RegisterWorker>, "", kInvalid,
     "worker: must have the form \"workers/{worker}\"; got \"\""},
    {"RegisterWithAShortIncarnation", Send<&Workers::RegisterWorker>, "worker: 'workers/w' incarnation: 'abc'",
     kInvalid,
     "incarnation: must be 16 to 64 characters of a-z 0-9 -; got \"abc\"; make a random one at each start of the "
     "worker"},
    {"RegisterWithAnUpperCaseIncarnation", Send<&Workers::RegisterWorker>,
     "worker: 'workers/w' incarnation: 'INCARNATION-00001'", kInvalid,
     "incarnation: must be 16 to 64 characters of a-z 0-9 -; got \"INCARNATION-00001\"; make a random one at each "
     "start of the worker"},
    {"RegisterWithoutSlots", Send<&Workers::RegisterWorker>, Worker("version: '1'"), kInvalid,
     "device_names: must be 1 to 1,024, one a slot; got 0; name the device of each slot, such as cuda:0 or cpu"},
    {"RegisterWithALongDeviceName", Send<&Workers::RegisterWorker>,
     Worker("version: '1' device_names: 'cpu' device_names: '" + std::string(129, 'd') + "'"), kInvalid,
     "device_names[1]: must be at most 128 bytes; got 129 bytes; shorten it"},
    {"RegisterWithALongHostName", Send<&Workers::RegisterWorker>, Worker("host_name: '" + std::string(256, 'h') + "'"),
     kInvalid, "host_name: must be at most 255 bytes; got 256 bytes; shorten it"},
    {"RegisterWithoutAVersion", Send<&Workers::RegisterWorker>, Worker("device_names: 'cpu'"), kInvalid,
     "version: required; say which version the worker has"},
    {"RegisterWithABadEndedIncarnation", Send<&Workers::RegisterWorker>,
     Worker("device_names: 'cpu' version: '1' ended_incarnations: '?'"), kInvalid,
     "ended_incarnations[0]: must be 16 to 64 characters of a-z 0-9 -; got \"?\"; make a random one at each start of "
     "the worker"},
    {"RegisterWithManyEndedIncarnations", Send<&Workers::RegisterWorker>,
     Worker("device_names: 'cpu' version: '1' " + Repeat(65, "ended_incarnations: 'incarnation-00000' ")), kInvalid,
     "ended_incarnations: must be at most 64; got 65; send fewer"},
    {"SyncOfAStranger", Send<&Workers::SyncWorker>, "worker: 'workers/v' incarnation: 'incarnation-00001'", kNotFound,
     "workers/v: no such worker"},
    {"SyncOfAnotherIncarnation", Send<&Workers::SyncWorker>, "worker: 'workers/w' incarnation: 'incarnation-00002'",
     absl::StatusCode::kAborted, "workers/w: fenced, another incarnation has registered"},
    {"SyncWithNegativeSlots", Send<&Workers::SyncWorker>, Worker("free_slots: -1"), kInvalid,
     "free_slots: must be 0 to 1,024; got -1; count the slots that run nothing"},
    {"SyncWithALongWait", Send<&Workers::SyncWorker>, Worker("max_wait { seconds: 31 }"), kInvalid,
     "max_wait: must be 0 s to 30 s; got 31s; call again instead"},
    {"SyncWithANegativeWait", Send<&Workers::SyncWorker>, Worker("max_wait { nanos: -1 }"), kInvalid,
     "max_wait: must be 0 s to 30 s; got -1ns; call again instead"},
    {"SyncWithABadTrial", Send<&Workers::SyncWorker>, Worker("held_attempts { trial: 'x' attempt: 1 }"), kInvalid,
     "held_attempts[0].trial: must have the form \"tuningJobs/{job}/trials/{number}\"; got \"x\""},
    {"SyncWithABadAttempt", Send<&Workers::SyncWorker>,
     Worker("stopping_attempts { trial: 'tuningJobs/job/trials/1' }"), kInvalid,
     "stopping_attempts[0].attempt: must be 1 or more; got 0; repeat the id of the grant"},
    {"SyncWithManyAttempts", Send<&Workers::SyncWorker>, Worker(Repeat(1025, "held_attempts {} ")), kInvalid,
     "held_attempts: must be at most 1,024; got 1025; send fewer"},
    {"ReportWithoutAnId", SendReport, Worker(""), kInvalid,
     "id.trial: must have the form \"tuningJobs/{job}/trials/{number}\"; got \"\""},
    {"ReportOfABadMetric", SendReport, Attempt("measurements { metric: 'loss\\n' }"), kInvalid,
     "measurements[0].metric: must be 1 to 128 characters of A-Z a-z 0-9 _ . : / -; got \"loss\\n\"; name a metric, "
     "such as validation:loss"},
    {"ReportOfANegativeStep", SendReport,
     Attempt("measurements { metric: 'loss' } measurements { metric: 'loss' step: -1 }"), kInvalid,
     "measurements[1].step: must be 0 to 2^53; got -1; number the reports from 0"},
    {"ReportAtABadTime", SendReport, Attempt("measurements { metric: 'loss' report_time { nanos: -1 } }"), kInvalid,
     "measurements[0].report_time: must be within the years 1 to 9999, its nanos 0 to 999,999,999; got 0 s and -1 ns; "
     "write it as google.protobuf.Timestamp says"},
    {"ReportOfManyRows", SendReport, Attempt(Repeat(1025, "measurements { metric: 'loss' } ")), kInvalid,
     "measurements: must be at most 1,024; got 1025; send fewer"},
    {"ReportOfALongLog", SendReport, Attempt("log_data: '" + std::string(65'537, 'l') + "'"), kInvalid,
     "log_data: must be at most 65,536 bytes; got 65537 bytes; shorten it"},
    {"ReportAtANegativeOffset", SendReport, Attempt("log_offset: -1"), kInvalid,
     "log_offset: must be 0 or more; got -1; say where the first byte of log_data stands in the output"},
    {"ReportOfABadCheckpoint", SendReport, Attempt("checkpoint_step: 9007199254740993"), kInvalid,
     "checkpoint_step: must be 0 to 2^53; got 9007199254740993; name the step that was saved"},
    {"ReportOfALongPath", SendReport, Attempt("checkpoint_path: '" + std::string(4097, 'p') + "'"), kInvalid,
     "checkpoint_path: must be at most 4,096 bytes; got 4097 bytes; shorten it"},
    {"ReportOfNoTrial", SendReport, Attempt(""), kNotFound, "tuningJobs/job/trials/1: no such trial"},
    {"FinishWithoutAnAttempt", Send<&Workers::FinishTrial>, Worker("id { trial: 'tuningJobs/job/trials/1' }"), kInvalid,
     "id.attempt: must be 1 or more; got 0; repeat the id of the grant"},
    {"FinishWithAFailureOfNoKind", Send<&Workers::FinishTrial>, Attempt("failure { detail: 'so' }"), kInvalid,
     "failure.kind: must be EXIT_CODE, SIGNAL, OUT_OF_MEMORY, TIMEOUT, DIVERGED, NO_METRIC, LOST or SPAWN; got none; "
     "choose one of these"},
    {"FinishOfNoTrial", Send<&Workers::FinishTrial>, Attempt(""), kNotFound, "tuningJobs/job/trials/1: no such trial"},
};

std::string NameOf(const testing::TestParamInfo<BadRequest>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(OfJobs, BadRequestTest, testing::ValuesIn(kOfJobs), NameOf);
INSTANTIATE_TEST_SUITE_P(OfAskAndTell, BadRequestTest, testing::ValuesIn(kOfAskAndTell), NameOf);
INSTANTIATE_TEST_SUITE_P(OfTrials, BadRequestTest, testing::ValuesIn(kOfTrials), NameOf);
INSTANTIATE_TEST_SUITE_P(OfWorkers, BadRequestTest, testing::ValuesIn(kOfWorkers), NameOf);

}  // namespace
}  // namespace pegbox
