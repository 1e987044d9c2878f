"""Builds the recorder in C (visualizer/tracers/_recorder.c) where there is a compiler; else the package is pure Python.

The environment variable VISUALIZER_RECORDER tells what to do: "yes" builds it or fails, "no" leaves it out, "auto" (as
without the variable) builds it where that is possible, and says so where not.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = Path("visualizer", "tracers", "_recorder.c")
#: Of a library for this interpreter.
SUFFIX: str = sysconfig.get_config_var("EXT_SUFFIX")


class RecorderHook(BuildHookInterface):  # type: ignore[type-arg]
    """Of the wheel, and of the editable install, whose modules are those of the checkout."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        source = Path(self.root) / SOURCE
        library = source.with_suffix(SUFFIX)
        wanted = os.environ.get("VISUALIZER_RECORDER") or "auto"
        if wanted == "no":
            library.unlink(missing_ok=True)
            return
        try:
            build(source, library)
        except (OSError, RuntimeError) as error:
            # One of an older source must not stay.
            library.unlink(missing_ok=True)
            if wanted == "yes":
                raise
            self.app.display_warning(
                f"The recorder in C is left out, and the one in Python records the same, slower: {error}"
            )
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        if version != "editable":
            build_data["force_include"][str(library)] = str(SOURCE.with_name(library.name))


def build(source: Path, library: Path) -> None:
    """Compile `source` into `library`. Raise OSError or RuntimeError where that is not possible."""
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        raise RuntimeError("this Python has no GIL")
    made = library.with_suffix(f".{os.getpid()}.so")
    try:
        done = subprocess.run(
            [
                *_compiler(), *shlex.split(sysconfig.get_config_var("CCSHARED") or ""), "-fPIC", "-O2",
                # For which machines: of one on macOS both can be built, and the wheel is named after them.
                *shlex.split(os.environ.get("ARCHFLAGS", "")),
                f"-I{sysconfig.get_path('include')}", f"-I{sysconfig.get_path('platinclude')}",
                str(source), "-o", str(made),
            ],
            capture_output=True,
            text=True,
            errors="replace",
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError((done.stderr.strip() or f"the compiler ended with {done.returncode}").splitlines()[0])
        # At once: another process may import it.
        made.replace(library)
    finally:
        made.unlink(missing_ok=True)


def _compiler() -> list[str]:
    """The command that makes a shared library: as Python itself was built, but with a compiler that is here."""
    compiler, *options = shlex.split(sysconfig.get_config_var("LDSHARED") or "cc -shared")
    for one in (os.environ.get("CC"), compiler, "cc", "gcc", "clang"):
        if one and shutil.which(shlex.split(one)[0]):
            return [*shlex.split(one), *options]
    raise RuntimeError("there is no C compiler")
