"""Adds the service's description, compiled from proto/, to the package. The rest is in
pyproject.toml.
"""

import pathlib
import shutil
import subprocess

import setuptools
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = pathlib.Path(__file__).resolve().parent
PROTO_FOLDERS = (
    HERE.parent.parent / "proto",
    HERE / "proto",
)  # in the repository; in a source distribution


def proto_folder() -> pathlib.Path:
    for folder in PROTO_FOLDERS:
        if (folder / "pegbox").is_dir():
            return folder
    raise FileNotFoundError(
        f"the folder proto/ is missing; looked for {' and '.join(map(str, PROTO_FOLDERS))}"
    )


def compile_description(output: pathlib.Path) -> None:
    """Writes proto/ as a FileDescriptorSet, which every version of protobuf reads, unlike generated
    code.
    """
    folder = proto_folder()
    files = sorted(str(file.relative_to(folder)) for file in folder.rglob("*.proto"))
    arguments = [f"--proto_path={folder}", f"--descriptor_set_out={output}", *files]
    protoc = shutil.which("protoc")
    if protoc is not None:
        subprocess.run([protoc, *arguments], check=True)
        return
    import grpc_tools
    from grpc_tools import protoc as bundled_protoc

    well_known = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    if bundled_protoc.main(["protoc", f"--proto_path={well_known}", *arguments]) != 0:
        raise RuntimeError("protoc failed; see its messages above")


class BuildWithDescription(build_py):
    def run(self) -> None:
        super().run()
        package = HERE if getattr(self, "editable_mode", False) else pathlib.Path(self.build_lib)
        compile_description(package / "pegbox" / "service.binpb")


class SourceDistribution(sdist):
    def make_release_tree(self, base_dir: str, files: list) -> None:
        super().make_release_tree(base_dir, files)
        shutil.copytree(proto_folder(), pathlib.Path(base_dir) / "proto", dirs_exist_ok=True)


if __name__ == "__main__":
    setuptools.setup(cmdclass={"build_py": BuildWithDescription, "sdist": SourceDistribution})
