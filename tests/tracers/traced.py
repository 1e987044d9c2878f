"""Runs a script under trace in a real process, and reads the trace back."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.reading import read_all
from tests.soak import SOAK
from visualizer.analysis.findings import Finding, findings
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.timeline import State, Suspension, Switch, Timeline, Track
from visualizer.trace import words
from visualizer.trace.events import Event
from visualizer.tracers import __main__ as launcher
from visualizer.tracers.core.compiled import built

#: Kinds of problems that a healthy program has as well, where the machine gives it no turn for a while.
LATE = ("blocking_call", "busy_poll", "hog", "late_timer", "lock_held", "lost_time", "slow_answer", "starvation")
#: What threads wait for is recorded: on 3.11 by the recorder in C alone.
SEES_WAITS = sys.version_info >= (3, 12) or built() is not None
#: The same of what a raw greenlet's function returns or raises.
SEES_ENDS = SEES_WAITS
#: The functions that may block a thread are called by way of the recorder in C; else events tell of those calls.
BY_WAY_OF_C = sys.version_info < (3, 14) and built() is not None
#: No program of a test takes this long; those of a million steps, on a busy machine, take some of it.
_LIMIT_S = 1500 if SOAK else 150
ROOT = Path(__file__).parent.parent.parent
SCENARIOS = ROOT / "scenarios"


def environment() -> dict[str, str]:
    """That of the tests, without what would reach into the script."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST", "PYTHON"))}
    return kept | {"PYTHONHASHSEED": "0"}


@dataclass(frozen=True)
class Ended:
    """How a process ended, as whoever started it sees it."""

    code: int
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True)
class Traced:
    """A run under trace."""

    ended: Ended
    timeline: Timeline
    path: Path

    @cached_property
    def events(self) -> list[Event]:
        return read_all(self.path)[1]

    @property
    def switches(self) -> list[Switch]:
        return [self.timeline.switch(index) for index in range(self.timeline.switch_count)]

    @property
    def order(self) -> list[str]:
        """Names of the tracks in the order in which they ran, the first included."""
        runs = [self.timeline.running_at(index) for index in range(-1, self.timeline.switch_count)]
        return [self.timeline.name(track) for track in runs]

    def ran(self, *names: str) -> list[str]:
        """The same of these tracks only."""
        return [name for name in self.order if name in names]

    @property
    def hand_overs(self) -> list[tuple[str, str, str, str | None]]:
        """(from, cause, to, value) of each switch."""
        name = self.timeline.name
        return [(name(s.origin), s.cause, name(s.target), s.value) for s in self.switches]

    @property
    def wakes(self) -> list[tuple[str, str, str]]:
        """(waker, cause, woken) of each wakeup."""
        name = self.timeline.name
        return [(name(w.waker), w.cause, name(w.track)) for w in self.timeline.wakeups]

    @property
    def threads(self) -> set[str]:
        """Names of the threads that the program started: from 3.12 on it is known what they wait for."""
        started = list(self.timeline.tracks.values())[1:]
        return {self.timeline.name(track.id) for track in started if track.kind == words.THREAD}

    @property
    def waits(self) -> list[tuple[str, str, str]]:
        """(track, reason, on) of each wait that a runtime gave a reason for."""
        return [self.wait(suspension) for suspension in self.timeline.suspensions if suspension.on]

    @property
    def problems(self) -> list[Finding]:
        """In order of time; without those that depend on how fast the machine is."""
        return [found for found in findings(self.timeline) if found.kind not in LATE]

    def wait(self, suspension: Suspension) -> tuple[str, str, str]:
        return self.timeline.name(suspension.track), suspension.reason, suspension.on

    def tracks(self, base_name: str) -> list[Track]:
        """Those that were given this name, in order of spawning."""
        return [track for track in self.timeline.tracks.values() if track.base_name == base_name]

    def outcome(self, name: str) -> str | None:
        return next(t.outcome for t in self.timeline.tracks.values() if self.timeline.name(t.id) == name)

    def states(self, name: str) -> list[str]:
        """The states of a track, one after another."""
        track = next(t for t in self.timeline.tracks.values() if self.timeline.name(t.id) == name)
        return [State(number).name for number in track.slices.state]


def bare(script: Path, *args: str, cwd: Path | None = None) -> Ended:
    """Run `script` as anybody would."""
    done = subprocess.run(
        [sys.executable, str(script), *args],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=_LIMIT_S,
        cwd=cwd,
        env=environment(),
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def launch_command(path: Path, *command: str, include: tuple[str, ...] = ()) -> list[str]:
    options = [word for pattern in include for word in ("--include", pattern)]
    return [sys.executable, "-m", "visualizer.tracers", "--trace", str(path), *options, "--", *command]


def launch_environment() -> dict[str, str]:
    """The launcher finds the package in this checkout; what it starts is given back an environment without that."""
    return environment() | {"PYTHONPATH": str(ROOT)}


def trace(
    path: Path, *command: str, cwd: Path | None = None, include: tuple[str, ...] = (), marks: bool = False,
    children: str = "1",
) -> Traced:
    """Run `python COMMAND...` under trace into the file `path`, without the launcher, which takes time of its own."""
    done = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=_LIMIT_S,
        cwd=cwd,
        env=launcher.environment(str(path), list(include), True, marks, "", environment(), children),
    )
    return Traced(Ended(done.returncode, done.stdout, done.stderr), load(str(path))[0], path)
