// A TuningService that answers what a test tells it to, over real gRPC on a port that the system chooses. It follows
// no rules of its own: those are the real server's, and tests/integration has it.
#pragma once

#include <grpcpp/server.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "pegbox/v1/tuning_service.grpc.pb.h"

namespace pegbox {

class FakeTuningService : public v1::TuningService::Service {
 public:
  // What one WatchTuningJob call sends, and how it ends.
  struct WatchScript {
    std::vector<v1::WatchTuningJobResponse> events;
    grpc::Status end;
    std::function<void()> before_events = [] {};
    bool waits_for_stop = false;  // sends nothing more, and ends only when the job is stopped or the call given up
  };

  // What the service holds. Set before calls begin.
  std::vector<v1::TuningJob> jobs;
  std::vector<v1::Trial> trials;  // of jobs[0]
  std::string recommended;        // name; the best one when empty
  std::vector<v1::TrialMeasurement> measurements;
  std::vector<std::string> log;
  v1::TuningJobDiagnosis diagnosis;  // of any job
  std::vector<v1::Worker> workers;
  std::optional<grpc::Status> error;  // answered to every unary call

  FakeTuningService() = default;
  ~FakeTuningService() override { Stop(); }

  // Calls of WatchTuningJob take the scripts one after the other; after the last one, UNIMPLEMENTED.
  void AddWatch(WatchScript script);
  // The since_revision of each WatchTuningJob call so far.
  std::vector<int64_t> since_revisions() const;
  v1::CreateTuningJobRequest create_request() const;
  std::vector<std::string> stopped() const;  // names
  v1::ReadTrialLogRequest log_request() const;
  // False when they have not come within 20 s.
  bool AwaitWatchCalls(size_t count) const;

  // Serves on 127.0.0.1:0; answers "127.0.0.1:port".
  std::string Start();
  void Stop();

 private:
  using Context = grpc::ServerContext;

  grpc::Status CreateTuningJob(Context*, const v1::CreateTuningJobRequest*, v1::TuningJob*) override;
  grpc::Status GetTuningJob(Context*, const v1::GetTuningJobRequest*, v1::TuningJob*) override;
  grpc::Status ListTuningJobs(Context*, const v1::ListTuningJobsRequest*, v1::ListTuningJobsResponse*) override;
  grpc::Status StopTuningJob(Context*, const v1::StopTuningJobRequest*, v1::TuningJob*) override;
  grpc::Status PauseTuningJob(Context*, const v1::PauseTuningJobRequest*, v1::TuningJob*) override;
  grpc::Status ResumeTuningJob(Context*, const v1::ResumeTuningJobRequest*, v1::TuningJob*) override;
  grpc::Status WatchTuningJob(Context*, const v1::WatchTuningJobRequest*,
                              grpc::ServerWriter<v1::WatchTuningJobResponse>*) override;
  grpc::Status DiagnoseTuningJob(Context*, const v1::DiagnoseTuningJobRequest*, v1::TuningJobDiagnosis*) override;
  grpc::Status GetTrial(Context*, const v1::GetTrialRequest*, v1::Trial*) override;
  grpc::Status ListTrials(Context*, const v1::ListTrialsRequest*, v1::ListTrialsResponse*) override;
  grpc::Status GetBestTrial(Context*, const v1::GetBestTrialRequest*, v1::GetBestTrialResponse*) override;
  grpc::Status StopTrial(Context*, const v1::StopTrialRequest*, v1::Trial*) override;
  grpc::Status ListMeasurements(Context*, const v1::ListMeasurementsRequest*, v1::ListMeasurementsResponse*) override;
  grpc::Status ReadTrialLog(Context*, const v1::ReadTrialLogRequest*,
                            grpc::ServerWriter<v1::ReadTrialLogResponse>*) override;
  grpc::Status ListWorkers(Context*, const v1::ListWorkersRequest*, v1::ListWorkersResponse*) override;

  // The job of the name, in the state; NOT_FOUND without one.
  grpc::Status AnswerJob(const std::string& name, std::optional<v1::TuningJob::State> state, v1::TuningJob* response);
  grpc::Status AnswerTrial(const std::string& name, v1::Trial* response) const;

  mutable absl::Mutex mu_;
  std::deque<WatchScript> watches_ ABSL_GUARDED_BY(mu_);
  std::vector<int64_t> since_revisions_ ABSL_GUARDED_BY(mu_);
  v1::CreateTuningJobRequest create_request_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> stopped_ ABSL_GUARDED_BY(mu_);
  v1::ReadTrialLogRequest log_request_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace pegbox
