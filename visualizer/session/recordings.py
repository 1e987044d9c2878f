"""Where the recordings of `visualizer run` are kept, and which were made lately."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import SameFileError

from visualizer.session import state
from visualizer.session.target import Target

#: So many recordings are kept; older ones of our own folder are deleted.
KEPT = 50

_REGISTER = "recorded.json"
_SUFFIX = ".trace"
_UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class RecordingFile:
    """A trace on this machine."""

    path: Path
    #: When it was last written to, in nanoseconds since the epoch.
    written_ns: int
    size: int

    @property
    def name(self) -> str:
        return self.path.stem


def new_path(name: str) -> Path:
    """Reserve an empty file for a recording of `name`; delete our oldest beyond `KEPT`.

    The file goes to a temporary folder where the state folder cannot be written. Raise OSError if neither can be.
    """
    stem = f"{_UNSAFE.sub('_', name).strip('.')[:80] or 'script'}-{time.strftime('%Y%m%d-%H%M%S')}"
    try:
        path = _reserve(_folder(), stem)
    except OSError:
        path = _reserve(_temporary(), stem)
    _prune(path.parent)
    return path


def make_empty(path: Path, target: Target, *, overwrite: bool) -> None:
    """Make sure, before anything runs, that the trace of `target` can be written to `path`.

    Raise FileExistsError if it is there and is not to be overwritten, IsADirectoryError, SameFileError if it is the
    script itself, and another OSError, or ValueError, if it cannot be written.
    """
    # Stated first: opening a directory or a file of another user's fails with less clear words.
    try:
        mode = path.stat().st_mode
    except OSError:
        mode = None
    if mode is not None:
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if target.path is not None and target.path.exists() and path.samefile(target.path):
            raise SameFileError(f"The trace would overwrite the script itself: {str(path)!r}.")
        if not overwrite:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        if not stat.S_ISREG(mode):
            if not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return
    path.open("wb" if overwrite else "xb").close()


def remember(path: Path) -> None:
    """Have `recent` list a recording that was made elsewhere. If that cannot be written down, it is forgotten."""
    known = [str(path.absolute()), *(other for other in _elsewhere() if other != str(path.absolute()))]
    state.write_down(_REGISTER, json.dumps(known[:KEPT], indent=1))


def recent() -> list[RecordingFile]:
    """Recordings that still exist and are not empty, the newest first: those of `run`, and those remembered."""
    paths = {*_own(_folder()), *_own_temporary(), *map(Path, _elsewhere())}
    found = [recording for path in paths if (recording := _look_at(path)) is not None and recording.size]
    return sorted(found, key=lambda recording: (recording.written_ns, recording.path), reverse=True)[:KEPT]


def _folder() -> Path:
    return state.folder() / "recordings"


@cache
def _temporary() -> Path:
    """One for each process: a name that others could guess would let them put a link there."""
    return Path(tempfile.mkdtemp(prefix="visualizer-"))


def _own_temporary() -> Iterator[Path]:
    if _temporary.cache_info().currsize:
        yield from _own(_temporary())


def _reserve(folder: Path, stem: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    number = 0
    while True:
        path = folder / (f"{stem}.{number}{_SUFFIX}" if number else f"{stem}{_SUFFIX}")
        try:
            path.open("xb").close()
        except FileExistsError:
            number += 1
        else:
            return path


def _own(folder: Path) -> list[Path]:
    # Not Path.glob: that hides a folder that cannot be read on some versions and raises on others.
    try:
        return [folder / name for name in os.listdir(folder) if name.endswith(_SUFFIX)]
    except OSError:
        return []


def _prune(folder: Path) -> None:
    found = [recording for path in _own(folder) if (recording := _look_at(path)) is not None]
    found.sort(key=lambda recording: recording.written_ns, reverse=True)
    for old in found[KEPT:]:
        with contextlib.suppress(OSError):
            old.path.unlink()


def _look_at(path: Path) -> RecordingFile | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return RecordingFile(path, status.st_mtime_ns, status.st_size)


def _elsewhere() -> list[str]:
    try:
        known = json.loads((state.folder() / _REGISTER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [path for path in known if isinstance(path, str)] if isinstance(known, list) else []
