"""Pegbox, by its real server: programs ask for trials over gRPC and tell their values. Each run is a job of its own."""

import atexit
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import grpc

# Made from proto/ by make_environments.
sys.path.insert(0, str(pathlib.Path(sys.prefix) / "pegbox_stubs"))

from pegbox.v1 import search_space_pb2, tuning_job_pb2, tuning_service_pb2, tuning_service_pb2_grpc  # noqa: E402

SCALES = {
    "linear": search_space_pb2.LINEAR,
    "log": search_space_pb2.LOG,
    "reverse_log": search_space_pb2.REVERSE_LOG,
}


class Server:
    """pegbox-server on a free port of the loopback, with an empty store; ended with this process."""

    def __init__(self, program):
        self._folder = tempfile.TemporaryDirectory()
        address_file = pathlib.Path(self._folder.name) / "address"
        self._process = subprocess.Popen(
            [program, "--data", self._folder.name, "--listen=127.0.0.1:0", "--address-file", address_file],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        atexit.register(self.stop)
        deadline = time.monotonic() + 30
        while not address_file.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{program} does not serve")
            time.sleep(0.01)
        self.service = tuning_service_pb2_grpc.TuningServiceStub(
            grpc.insecure_channel(address_file.read_text().strip())
        )

    def stop(self):
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()


server = None


def value_message(value):
    message = search_space_pb2.ParameterValue()
    if isinstance(value, bool):
        message.bool_value = value
    elif isinstance(value, int):
        message.int_value = value
    elif isinstance(value, float):
        message.double_value = value
    else:
        message.string_value = value
    return message


def parameter_message(parameter):
    message = search_space_pb2.Parameter(name=parameter["name"])
    kind = parameter["kind"]
    if kind in ("double", "integer"):
        part = getattr(message, kind)
        part.min, part.max, part.scale = parameter["min"], parameter["max"], SCALES[parameter["scale"]]
    elif kind == "bool":
        message.bool.SetInParent()
    else:
        getattr(message, kind).values.extend(parameter["values"])
    if "condition" in parameter:
        message.condition.parent = parameter["condition"]["parent"]
        message.condition.values.extend(value_message(value) for value in parameter["condition"]["values"])
    return message


def create_job(service, space, trials, seed, workers=1):
    spec = tuning_job_pb2.TuningJobSpec(
        parameters=[parameter_message(parameter) for parameter in space.parameters],
        max_jobs=trials,
        max_parallel_jobs=workers,
        max_consecutive_failures=0,
        strategy=tuning_job_pb2.Strategy(seed=seed),
    )
    spec.objective.metric = "value"
    spec.objective.goal = tuning_job_pb2.Objective.MINIMIZE
    return service.CreateTuningJob(tuning_service_pb2.CreateTuningJobRequest(spec=spec)).name


def ask(service, job):
    """The next trial, or None when there will be no more."""
    while True:
        reply = service.SuggestTrials(tuning_service_pb2.SuggestTrialsRequest(parent=job, count=1, client="benchmark"))
        if reply.trials:
            return reply.trials[0]
        if reply.job_state not in (tuning_job_pb2.TuningJob.RUNNING, tuning_job_pb2.TuningJob.PAUSED):
            return None


def tell(service, trial, value):
    request = tuning_service_pb2.CompleteTrialRequest(name=trial.name, attempt=trial.attempt)
    if value is None:
        request.failure.kind = request.failure.EXIT_CODE
    else:
        request.measurements.add(metric="value", step=1, value=value)
    service.CompleteTrial(request)


def parameters_of(trial):
    return {name: getattr(value, value.WhichOneof("kind")) for name, value in trial.parameters.items()}


def run(space, objective, trials, seed, variant):
    global server
    if server is None:
        server = Server(os.environ["PEGBOX_SERVER"])
    job = create_job(server.service, space, trials, seed)
    for _ in range(trials):
        trial = ask(server.service, job)
        tell(server.service, trial, objective(parameters_of(trial)))
