"""The service's messages and calls, made from proto/'s description when they are first needed.

The description travels as data, not as generated code, so that one wheel serves every version of
protobuf and grpcio.
"""

import functools
import importlib.resources
from typing import Any, Dict

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# Those that the description builds upon.
from google.protobuf import duration_pb2, timestamp_pb2  # noqa: F401

_PACKAGE = "pegbox.v1"


@functools.lru_cache(maxsize=None)
def _description() -> descriptor_pb2.FileDescriptorSet:
    data = importlib.resources.files("pegbox").joinpath("service.binpb").read_bytes()
    description = descriptor_pb2.FileDescriptorSet.FromString(data)
    pool = descriptor_pool.Default()
    for file in description.file:
        pool.AddSerializedFile(file.SerializeToString())
    return description


@functools.lru_cache(maxsize=None)
def message(name: str) -> Any:
    """The class of a message, such as "Trial" or "TuningJob.TrialCounts". Raises KeyError for
    another name.
    """
    _description()
    descriptor = descriptor_pool.Default().FindMessageTypeByName(f"{_PACKAGE}.{name}")
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(descriptor_pool.Default()).GetPrototype(descriptor)


def calls(channel: Any, service: str) -> Dict[str, Any]:
    """The callables of a service, such as "TuningService", on a gRPC channel, by the names of its
    methods.
    """
    methods = [
        method
        for file in _description().file
        for found in file.service
        if found.name == service
        for method in found.method
    ]
    return {method.name: _call(channel, service, method) for method in methods}


def _call(channel: Any, service: str, method: descriptor_pb2.MethodDescriptorProto) -> Any:
    make = {
        (False, False): channel.unary_unary,
        (False, True): channel.unary_stream,
        (True, False): channel.stream_unary,
        (True, True): channel.stream_stream,
    }[(method.client_streaming, method.server_streaming)]
    prefix = f".{_PACKAGE}."
    return make(
        f"/{_PACKAGE}.{service}/{method.name}",
        request_serializer=message(method.input_type[len(prefix) :]).SerializeToString,
        response_deserializer=message(method.output_type[len(prefix) :]).FromString,
    )
