"""Where the recordings of `visualizer run` are kept, and which were made lately."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import gzip
import json
import os
import re
import shutil
import signal
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
from visualizer.trace.events import DECODE_ERRORS, End, decode_event
from visualizer.trace.words import MARKS_SUFFIX

#: So many recordings are kept; older ones of our own folder are deleted.
KEPT = 50

_REGISTER = "recorded.json"
_SUFFIX = ".trace"
#: What is called so is packed when the program has ended.
PACKED_SUFFIX = ".gz"
_UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)
#: What `new_path` adds to a name.
_DATED = re.compile(r"-\d{8}-\d{6}(\.\d+)?$", re.ASCII)
#: The end of a trace stands in its last lines; so much is read to find it.
_TAIL_BYTES = 1 << 14


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

    @property
    def short_name(self) -> str:
        """Without the date that `new_path` adds."""
        return _DATED.sub("", self.name) or self.name

    @property
    def is_ours(self) -> bool:
        """Whether it lies in our own folder; others are only listed."""
        return self.path.parent == _folder() or (
            _temporary.cache_info().currsize > 0 and self.path.parent == _temporary()
        )

    def lasted_ns(self) -> int | None:
        """How long the program ran, as the last lines say; None if they do not."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, self.size - _TAIL_BYTES))
                ends = [line for line in file.read().splitlines() if line.startswith(b'["end",')]
            event = decode_event(ends[-1])
        except (OSError, ValueError, IndexError, *DECODE_ERRORS):
            return None
        return event.t_ns if isinstance(event, End) else None

    def delete(self) -> None:
        """Delete it if it is ours, else list it no more. Raise OSError if that fails."""
        if self.is_ours:
            _remove(self.path)
        else:
            known = [path for path in _elsewhere() if path != str(self.path)]
            state.write_down(_REGISTER, json.dumps(known, indent=1))

    def rename(self, name: str) -> Path:
        """Call it so, in the folder that it is in; return its new path.

        Raise ValueError, with a sentence, if no file can be called so, FileExistsError if one is, or another OSError.
        """
        if not name or name in (".", "..") or "/" in name or os.sep in name or "\0" in name:
            raise ValueError(f"No recording can be called {name!r}.")
        path = self.path.with_name(name if name.endswith(_SUFFIX) else name + _SUFFIX)
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        self.path.rename(path)
        with contextlib.suppress(FileNotFoundError):
            os.rename(f"{self.path}{MARKS_SUFFIX}", f"{path}{MARKS_SUFFIX}")
        if not self.is_ours:
            known = [str(path) if other == str(self.path) else other for other in _elsewhere()]
            state.write_down(_REGISTER, json.dumps(known, indent=1))
        return path


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


def pack(path: Path) -> None:
    """Have gzip pack the recording, in its place.

    Raise BlockingIOError if another process still writes to it, as far as the system tells, or another OSError if it
    cannot be packed; it then stays as it is.
    """
    path = path.resolve()
    with path.open("rb") as plain:
        _check_unwritten(plain.fileno())
        file, made = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
        try:
            with open(file, "wb") as out, gzip.GzipFile("", "wb", 6, out, mtime=0) as packed:
                shutil.copyfileobj(plain, packed, 1 << 20)
            shutil.copymode(path, made)
            os.replace(made, path)
        except BaseException:
            os.unlink(made)
            raise


def _check_unwritten(fd: int) -> None:
    """Raise BlockingIOError if the file is open for writing. Only Linux tells, and not on each file system."""
    if hasattr(fcntl, "F_SETLEASE"):
        try:
            # The signal for whoever has the lease while another process opens it; SIGIO would end this one.
            fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except BlockingIOError:
            raise
        except OSError:
            pass


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
            _remove(old.path)


def _remove(path: Path) -> None:
    """The recording, and the marks that were set in it."""
    path.unlink()
    Path(f"{path}{MARKS_SUFFIX}").unlink(missing_ok=True)


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
