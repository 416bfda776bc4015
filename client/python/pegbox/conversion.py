"""Between the service's messages and this package's values. The only module that knows both."""

import datetime
import numbers
from typing import Any, Mapping, Optional

from pegbox import job_spec, resources
from pegbox import space as spaces
from pegbox.service_description import message

_ACTIVE_FIELDS = {
    spaces.Double: "double",
    spaces.Integer: "integer",
    spaces.Discrete: "discrete",
    spaces.Categorical: "categorical",
}


def enum_value(enum: str, name: str, field: str) -> int:
    """The number of a name such as "log". Raises ValueError, opening with the field's path, for one
    that is unknown.
    """
    values = _enum(enum).values_by_name
    found = values.get(name.upper())
    if found is not None and found.number > 0:
        return found.number
    choices = ", ".join(value.name.lower() for value in _enum(enum).values if value.number > 0)
    raise ValueError(f"{field}: must be one of {choices}; got {name!r}")


def _enum(name: str) -> Any:
    if "." in name:
        owner, _, own_name = name.rpartition(".")
        return message(owner).DESCRIPTOR.enum_types_by_name[own_name]
    return message("DoubleRange").DESCRIPTOR.file.enum_types_by_name[name]


def _enum_name(enum: str, number: int) -> str:
    return _enum(enum).values_by_number[number].name if number else ""


def duration_proto(seconds: float) -> Any:
    from google.protobuf import duration_pb2

    whole = int(seconds // 1)
    return duration_pb2.Duration(
        seconds=whole, nanos=min(999_999_999, round((seconds - whole) * 1e9))
    )


def value_proto(value: Any, field: str) -> Any:
    """A parameter's value with its type. Raises ValueError for what is no number, text or bool."""
    if isinstance(value, bool):
        return message("ParameterValue")(bool_value=value)
    if isinstance(value, numbers.Integral):
        return message("ParameterValue")(int_value=int(value))
    if isinstance(value, numbers.Real):
        return message("ParameterValue")(double_value=float(value))
    if isinstance(value, str):
        return message("ParameterValue")(string_value=value)
    raise ValueError(f"{field}: must be a number, a text or a bool; got {value!r}")


def _typed(domain: Any, value: Any, field: str) -> Any:
    """As the domain's own type: a double's default may be written 1."""
    is_double = isinstance(domain, (spaces.Double, spaces.Discrete))
    return value_proto(
        float(value) if is_double and isinstance(value, numbers.Real) else value, field
    )


def parameter_proto(name: str, domain: spaces.Domain, space: Mapping[str, spaces.Domain]) -> Any:
    """A parameter of the space, whose other parameters its condition may name."""
    field = f'space["{name}"]'
    parameter = message("Parameter")(name=name)
    if isinstance(domain, spaces.Constant):
        parameter.constant.CopyFrom(value_proto(domain.value, field))
    elif isinstance(domain, spaces.Bool):
        parameter.bool.SetInParent()
    else:
        _set_range(getattr(parameter, _ACTIVE_FIELDS[type(domain)]), domain, field)
    default = getattr(domain, "default", None)
    if default is not None:
        parameter.default.CopyFrom(_typed(domain, default, f"{field}.default"))
    if domain.when is not None:
        _set_condition(parameter.condition, domain.when, space, f"{field}.when")
    return parameter


def _set_range(proto: Any, domain: Any, field: str) -> None:
    if isinstance(domain, (spaces.Discrete, spaces.Categorical)):
        proto.values.extend(domain.values)
        return
    proto.min = domain.min
    proto.max = domain.max
    proto.scale = enum_value("Scale", domain.scale, f"{field}.scale")
    if getattr(domain, "include_zero", False):
        proto.include_zero = True


def _set_condition(
    proto: Any, when: Mapping[str, Any], space: Mapping[str, Any], field: str
) -> None:
    if len(when) != 1:
        raise ValueError(
            f"{field}: must name one parent, as {{'optimizer': 'sgd'}}; got {dict(when)!r}"
        )
    [(parent, values)] = when.items()
    if parent not in space:
        raise ValueError(f"{field}: the parent must be a parameter of the space; got {parent!r}")
    proto.parent = parent
    for value in values if isinstance(values, (list, tuple, set, frozenset)) else [values]:
        proto.values.append(_typed(space[parent], value, field))


def spec_proto(spec: job_spec.JobSpec) -> Any:
    """Raises ValueError for what has no place in a message; the server checks the rest."""
    proto = message("TuningJobSpec")(max_jobs=spec.max_jobs, display_name=spec.display_name)
    proto.max_parallel_jobs = spec.max_parallel_jobs
    proto.objective.metric = spec.metric
    proto.objective.goal = enum_value("Objective.Goal", spec.goal, "goal")
    proto.objective.scope = enum_value("Objective.Scope", spec.scope, "scope")
    if spec.target is not None:
        proto.objective.target = spec.target
    space = {name: spaces.domain_of(name, given) for name, given in spec.space.items()}
    proto.parameters.extend(parameter_proto(name, domain, space) for name, domain in space.items())
    proto.strategy.algorithm = enum_value("Strategy.Algorithm", spec.algorithm, "algorithm")
    if spec.seed is not None:
        proto.strategy.seed = spec.seed
    proto.early_stopping.extend(map(_rule_proto, spec.early_stopping))
    if spec.max_runtime is not None:
        proto.max_runtime.CopyFrom(duration_proto(spec.max_runtime))
    if spec.max_consecutive_failures is not None:
        proto.max_consecutive_failures = spec.max_consecutive_failures
    if spec.command:
        _set_template(proto.trial, spec)
    return proto


def _rule_proto(rule: job_spec.Rule) -> Any:
    proto = message("StoppingRule")()
    target = proto.median if isinstance(rule, job_spec.Median) else proto.patience
    target.SetInParent()
    for name, value in vars(rule).items():
        if value is not None:
            setattr(target, name, value)
    return proto


def _set_template(proto: Any, spec: job_spec.JobSpec) -> None:
    proto.command.extend(spec.command)
    proto.environment.update({name: str(value) for name, value in spec.environment.items()})
    proto.working_directory = spec.working_directory
    for name, regex in spec.metric_definitions.items():
        proto.metric_definitions.add(name=name, regex=regex)
    if spec.grace_period is not None:
        proto.grace_period.CopyFrom(duration_proto(spec.grace_period))
    if spec.trial_max_runtime is not None:
        proto.max_runtime.CopyFrom(duration_proto(spec.trial_max_runtime))


def failure_proto(failure: resources.Failure) -> Any:
    kind = enum_value("Failure.Kind", failure.kind, "failure.kind")
    return message("Failure")(
        kind=kind, detail=failure.detail, exit_code=failure.exit_code, signal=failure.signal
    )


def _optional(proto: Any, field: str) -> Any:
    return getattr(proto, field) if proto.HasField(field) else None


def _time(proto: Any, field: str) -> Optional[datetime.datetime]:
    if not proto.HasField(field):
        return None
    return getattr(proto, field).ToDatetime().replace(tzinfo=datetime.timezone.utc)


def _last_part(name: str) -> str:
    return name.rpartition("/")[2]


def stop_from(proto: Any) -> resources.StopDecision:
    return resources.StopDecision(
        rule=proto.rule,
        step=proto.step,
        value=proto.value,
        threshold=proto.threshold,
        compared_trials=proto.compared_trials,
        explanation=proto.explanation,
    )


def trial_from(proto: Any) -> resources.Trial:
    _, job_id, _, number = proto.name.split("/")
    params = {
        name: getattr(value, value.WhichOneof("kind")) for name, value in proto.parameters.items()
    }
    failure = None
    if proto.HasField("failure"):
        found = proto.failure
        kind = _enum_name("Failure.Kind", found.kind)
        failure = resources.Failure(kind, found.detail, found.exit_code, found.signal)
    return resources.Trial(
        job_id=job_id,
        number=int(number),
        params=dict(sorted(params.items())),
        state=_enum_name("Trial.State", proto.state),
        attempt=proto.attempt,
        value=_optional(proto, "value"),
        best_step=_optional(proto, "best_step"),
        last_step=_optional(proto, "last_step"),
        worker=_last_part(proto.worker),
        client=proto.client,
        stop=stop_from(proto.stop) if proto.HasField("stop") else None,
        failure=failure,
        create_time=_time(proto, "create_time"),
        start_time=_time(proto, "start_time"),
        end_time=_time(proto, "end_time"),
        checkpoint_path=proto.checkpoint_path,
        checkpoint_step=_optional(proto, "checkpoint_step"),
        source=proto.provenance.source,
    )


def job_from(proto: Any) -> resources.Job:
    counts = {
        field.name: getattr(proto.trial_counts, field.name)
        for field in proto.trial_counts.DESCRIPTOR.fields
    }
    return resources.Job(
        id=_last_part(proto.name),
        state=_enum_name("TuningJob.State", proto.state),
        metric=proto.spec.objective.metric,
        goal=_enum_name("Objective.Goal", proto.spec.objective.goal).lower(),
        max_jobs=proto.spec.max_jobs,
        max_parallel_jobs=proto.spec.max_parallel_jobs,
        seed=proto.spec.strategy.seed,
        display_name=proto.spec.display_name,
        end_reason=_enum_name("TuningJob.EndReason", proto.end_reason),
        end_detail=proto.end_detail,
        best_trial=int(_last_part(proto.best_trial)) if proto.best_trial else None,
        counts=counts,
        create_time=_time(proto, "create_time"),
        end_time=_time(proto, "end_time"),
    )


def measurement_from(proto: Any) -> resources.Measurement:
    found = proto.measurement
    return resources.Measurement(
        found.metric, found.step, found.value, proto.attempt, _time(found, "report_time")
    )


def event_from(proto: Any) -> resources.Event:
    measurements: dict = {}
    for row in proto.measurements:
        measurements.setdefault(row.trial_number, []).append(measurement_from(row))
    trials = map(trial_from, proto.trials)
    return resources.Event(
        revision=proto.revision,
        job=job_from(proto.tuning_job) if proto.HasField("tuning_job") else None,
        trials={trial.number: trial for trial in trials},
        measurements=measurements,
    )
