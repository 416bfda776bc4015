#include "client/cli/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/diagnose_command.h"
#include "client/cli/interrupt.h"
#include "client/cli/local_cluster.h"
#include "client/cli/run_command.h"
#include "client/cli/session.h"
#include "client/cli/text.h"
#include "client/cli/watch_command.h"
#include "common/status_macros.h"

namespace pegbox::cli {
namespace {

constexpr char kDefaultServer[] = "127.0.0.1:7654";
constexpr char kDefaultData[] = "./pegbox-data";

// What CLI11 fills in.
struct Flags {
  std::string server = kDefaultServer;
  std::string data;
  std::string output = "text";
  std::string file;
  std::string id;
  std::string target;  // JOB, TRIAL or either
  std::string sort = "number";
  std::string train_metric;
  std::string validation_metric;
  std::string goal;
  int64_t attempt = 0;
  int64_t slots = 0;
  bool follow = false;

  bool as_json() const { return output == "json"; }
};

// What a --data folder without a server means to a command.
enum class NeedsServer {
  kStarted,  // one is started for the command: the command reads
  kRunning,  // an error: the command is about what runs
};

using Command = std::function<absl::StatusOr<ExitCode>(Session&)>;

// The server of one command: at --server, or of the folder --data. Stopped when this ends.
class ServerAccess {
 public:
  absl::Status Open(const Flags& flags, const Console& console, NeedsServer needs) {
    if (flags.data.empty()) {
      address_ = flags.server;
      return absl::OkStatus();
    }
    if (std::optional<std::string> running = FindRunningServer(flags.data); running.has_value()) {
      address_ = *std::move(running);
      return absl::OkStatus();
    }
    if (!std::filesystem::is_directory(std::filesystem::path(flags.data) / "server")) {
      return absl::InvalidArgumentError(absl::StrCat("--data: ", flags.data,
                                                     " has no folder \"server\"; give the data "
                                                     "folder of a pegbox run"));
    }
    if (needs == NeedsServer::kRunning) {
      return absl::UnavailableError(absl::StrCat("no server runs in ", flags.data));
    }
    PEGBOX_ASSIGN_OR_RETURN(
        cluster_, LocalCluster::Start({.bin_directory = console.bin_directory, .data_directory = flags.data}));
    address_ = cluster_->server_address();
    return absl::OkStatus();
  }

  const std::string& address() const { return address_; }

 private:
  std::string address_;
  std::unique_ptr<LocalCluster> cluster_;
};

std::string ProgramFor(const Flags& flags, const Console& console) {
  std::string program = ShellQuoted(console.program);
  if (!flags.data.empty()) {
    absl::StrAppend(&program, " --data ", ShellQuoted(flags.data));
  } else if (flags.server != kDefaultServer) {
    absl::StrAppend(&program, " --server ", ShellQuoted(flags.server));
  }
  return program;
}

absl::StatusOr<ExitCode> WithServer(const Flags& flags, Console& console, NeedsServer needs, const Command& command) {
  ServerAccess access;
  PEGBOX_RETURN_IF_ERROR(access.Open(flags, console, needs));
  Client client({.address = access.address()});
  Session session{
      .console = console, .as_json = flags.as_json(), .program = ProgramFor(flags, console), .client = client};
  absl::StatusOr<ExitCode> result = command(session);
  if (absl::IsUnavailable(result.status()) || absl::IsDeadlineExceeded(result.status())) {
    return absl::Status(result.status().code(),
                        absl::StrCat("no answer from the server at ", access.address(), " (", result.status().message(),
                                     "); is pegbox-server running there? See --server and PEGBOX_SERVER"));
  }
  return result;
}

// One subcommand: its options, its example, and what it does.
class CommandLine {
 public:
  explicit CommandLine(Console& console) : console_(console) {
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.get_formatter()->column_width(34);
    app_.footer(
        absl::StrCat("Example:\n  pegbox run examples/fashion.yaml\n\nJOB is a job's id, such as fashion; TRIAL "
                     "a job's id and a trial's number, such as fashion/7.\n",
                     kExitCodeHelp));
    app_.add_option("--server", flags_.server, "HOST:PORT of the server")
        ->envname("PEGBOX_SERVER")
        ->capture_default_str();
    app_.add_option("--data", flags_.data,
                    absl::StrCat("Use the server of this data folder of `pegbox run`, starting one for the command "
                                 "where none runs. For run: the folder to work in (default ",
                                 kDefaultData, ")"));
    app_.add_option("--output", flags_.output, "text, or json: one document; of watch and run, one line an event")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    AddJobCommands();
    AddTrialCommands();
    AddRun();
  }

  ExitCode Run(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    try {
      app_.parse(std::move(arguments));
    } catch (const CLI::Success& success) {  // --help
      app_.exit(success, console_.out, console_.err);
      return ExitCode::kOk;
    } catch (const CLI::ParseError& error) {
      console_.err << "pegbox: " << UsageError(error) << "\nSee: pegbox --help\n";
      return ExitCode::kUsage;
    }
    const absl::StatusOr<ExitCode> result = action_();
    if (result.ok()) return *result;
    console_.err << "pegbox: " << result.status().message() << std::endl;
    return ExitCodeOf(result.status());
  }

 private:
  CLI::App* Add(const std::string& name, const std::string& help, const std::string& example,
                std::function<absl::StatusOr<ExitCode>()> action) {
    CLI::App* const command = app_.add_subcommand(name, help);
    command->footer(absl::StrCat("Example:\n  pegbox ", example));
    command->callback([this, action = std::move(action)] { action_ = action; });
    return command;
  }

  // CLI11 says no more of an unknown command than that one is missing.
  std::string UsageError(const CLI::ParseError& error) const {
    const std::vector<std::string> extras = app_.remaining();
    if (!app_.get_subcommands().empty() || extras.empty()) return error.what();
    std::vector<std::string> known;
    for (const CLI::App* command : app_.get_subcommands({})) known.push_back(command->get_name());
    const std::string nearest = Nearest(extras[0], known);
    return absl::StrCat("unknown command ", Quoted(extras[0], 60),
                        nearest.empty() ? "" : absl::StrCat("; did you mean \"", nearest, "\"?"));
  }

  // A command that asks the server once.
  CLI::App* AddCall(const std::string& name, const std::string& help, const std::string& example, NeedsServer needs,
                    std::function<absl::Status(Session&)> call) {
    return Add(name, help, example, [this, needs, call = std::move(call)] {
      return WithServer(flags_, console_, needs, [&](Session& session) -> absl::StatusOr<ExitCode> {
        PEGBOX_RETURN_IF_ERROR(call(session));
        return ExitCode::kOk;
      });
    });
  }

  void AddTarget(CLI::App* command, const std::string& name, const std::string& help) {
    command->add_option(name, flags_.target, help)->required();
  }

  void AddFile(CLI::App* command) { command->add_option("FILE", flags_.file, "Job file in YAML")->required(); }

  void AddId(CLI::App* command) {
    command->add_option("--id", flags_.id, "The job's id; made from its display_name when absent");
  }

  void AddJobCommands() {
    auto* const submit =
        AddCall("submit", "Submit a tuning job; prints its id", "submit fashion.yaml --id fashion",
                NeedsServer::kRunning, [this](Session& s) { return Submit(s, flags_.file, flags_.id); });
    AddFile(submit);
    AddId(submit);
    AddFile(Add("validate", "Check a job file without a server", "validate fashion.yaml",
                [this]() -> absl::StatusOr<ExitCode> {
                  PEGBOX_RETURN_IF_ERROR(Validate(console_, flags_.as_json(), flags_.file));
                  return ExitCode::kOk;
                }));
    AddTarget(Add("watch", "Follow a job until it ends", "watch fashion", [this] { return WatchInterruptibly(); }),
              "JOB", "Which job");
    AddCall("jobs", "List the jobs, newest first", "jobs", NeedsServer::kStarted,
            [](Session& s) { return ListJobs(s); });
    AddTarget(AddCall("stop", "Stop a job, or one trial", "stop fashion/7", NeedsServer::kRunning,
                      [this](Session& s) { return Stop(s, flags_.target); }),
              "JOB|TRIAL", "What to stop");
    AddTarget(AddCall("pause", "Start no more trials of a job; running ones go on", "pause fashion",
                      NeedsServer::kRunning, [this](Session& s) { return Pause(s, flags_.target); }),
              "JOB", "Which job");
    AddTarget(AddCall("resume", "Go on with a paused job", "resume fashion", NeedsServer::kRunning,
                      [this](Session& s) { return Resume(s, flags_.target); }),
              "JOB", "Which job");
  }

  void AddTrialCommands() {
    auto* const trials = AddCall("trials", "List a job's trials", "trials fashion --sort best", NeedsServer::kStarted,
                                 [this](Session& s) { return ListTrials(s, flags_.target, flags_.sort == "best"); });
    AddTarget(trials, "JOB", "Which job");
    trials->add_option("--sort", flags_.sort, "number, or best first")
        ->check(CLI::IsMember({"number", "best"}))
        ->capture_default_str();
    AddTarget(AddCall("best", "Show a job's best trial: parameters, value, epoch, checkpoint", "best fashion",
                      NeedsServer::kStarted, [this](Session& s) { return ShowBest(s, flags_.target); }),
              "JOB", "Which job");
    AddTarget(AddCall("trial", "Show one trial: attempts, why it was stopped, curves", "trial fashion/7",
                      NeedsServer::kStarted, [this](Session& s) { return ShowTrial(s, flags_.target); }),
              "TRIAL", "Which trial");
    auto* const logs = AddCall("logs", "Print what a trial wrote", "logs fashion/7 -f", NeedsServer::kStarted,
                               [this](Session& s) { return ShowLog(s, flags_.target, flags_.attempt, flags_.follow); });
    AddTarget(logs, "TRIAL", "Which trial");
    logs->add_flag("-f,--follow", flags_.follow, "Go on until the attempt has ended");
    logs->add_option("--attempt", flags_.attempt, "Number of the attempt, from 1; the last one when absent")
        ->check(CLI::PositiveNumber);
    AddDiagnose();
    AddCall("workers", "List the workers", "workers", NeedsServer::kStarted, [](Session& s) { return ListWorkers(s); });
  }

  void AddDiagnose() {
    auto* const diagnose = AddCall("diagnose", "Tell whether a job's trials overfit, and what moves that",
                                   "diagnose fashion", NeedsServer::kStarted, [this](Session& s) {
                                     return Diagnose(s, {.job = flags_.target,
                                                         .train_metric = flags_.train_metric,
                                                         .validation_metric = flags_.validation_metric,
                                                         .goal = flags_.goal});
                                   });
    AddTarget(diagnose, "JOB", "Which job");
    diagnose->add_option("--train", flags_.train_metric,
                         "Metric on the training data; train:X when the objective is validation:X");
    diagnose->add_option("--validation", flags_.validation_metric,
                         "The same metric on held-out data; the objective when absent");
    diagnose->add_option("--goal", flags_.goal, "minimize or maximize, of both metrics; the objective's when absent")
        ->check(CLI::IsMember({"minimize", "maximize"}));
  }

  void AddRun() {
    auto* const run =
        Add("run", "Run a whole search on this machine: server, worker and job, until it ends",
            "run fashion.yaml --data ./fashion-data --slots 2", [this] {
              return cli::Run(console_, {.file = flags_.file,
                                         .data_directory = flags_.data.empty() ? kDefaultData : flags_.data,
                                         .job_id = flags_.id,
                                         .slots = flags_.slots,
                                         .as_json = flags_.as_json()});
            });
    AddFile(run);
    AddId(run);
    run->add_option("--slots", flags_.slots,
                    "Trials that this machine runs at once, 1 to 1024; max_parallel_jobs of the "
                    "file when absent")
        ->check(CLI::Range(1, 1024));
  }

  absl::StatusOr<ExitCode> WatchInterruptibly() {
    Cancellation cancellation;
    const InterruptHandler interrupt([&](int) { cancellation.Cancel(); });
    return WithServer(flags_, console_, NeedsServer::kRunning,
                      [&](Session& session) { return Watch(session, flags_.target, cancellation); });
  }

  Console& console_;
  Flags flags_;
  CLI::App app_{"Pegbox: hyperparameter tuning that stops the trials not worth their GPU", "pegbox"};
  std::function<absl::StatusOr<ExitCode>()> action_;
};

}  // namespace

ExitCode RunCommandLine(const std::vector<std::string>& arguments, Console& console) {
  return CommandLine(console).Run(arguments);
}

}  // namespace pegbox::cli
