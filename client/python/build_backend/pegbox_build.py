"""setuptools, and a protoc from PyPI where the machine has none."""

import shutil

from setuptools.build_meta import *  # noqa: F401,F403
from setuptools import build_meta


def _with_protoc(requirements: list) -> list:
    return requirements if shutil.which("protoc") else [*requirements, "grpcio-tools"]


def get_requires_for_build_wheel(config_settings=None) -> list:
    return _with_protoc(build_meta.get_requires_for_build_wheel(config_settings))


def get_requires_for_build_editable(config_settings=None) -> list:
    return _with_protoc(build_meta.get_requires_for_build_editable(config_settings))
