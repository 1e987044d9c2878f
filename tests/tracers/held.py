"""Runs a script that can be held, in a real process, and does with it what somebody at the keys would."""

from __future__ import annotations

import select
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.tracers.traced import Ended, Traced, environment
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.timeline import Timeline
from visualizer.session.control import Condition, ProgramControl
from visualizer.session.launch import ProgramRun, start, tracer_command
from visualizer.session.target import Target

#: Something is wrong if that takes longer.
PATIENCE_S = 30


class Held:
    """A program that is held, or is not."""

    def __init__(self, run: ProgramRun, control: ProgramControl, folder: Path) -> None:
        self.run = run
        self.control = control
        self._folder = folder
        self._known = 0

    def is_held(self) -> bool:
        """Wait until it has stopped once more. Return False if it ended instead."""
        control = self.control
        while control.stops == self._known and control.condition is not Condition.GONE:
            assert select.select([control._ours], [], [], PATIENCE_S)[0], "it neither stops nor ends"
            control.read()
        stopped, self._known = control.stops > self._known, control.stops
        return stopped

    def steps(self, times: int) -> None:
        """Let it take so many switches, one by one."""
        for _ in range(times):
            assert self.is_held()
            self.control.step()

    def count(self) -> int:
        """Step through to the end. Return at how many switches it stopped."""
        count = 0
        while self.is_held():
            count += 1
            self.control.step()
        return count

    def timeline(self) -> Timeline:
        """What is in the file by now."""
        return load(str(self.run.trace_path))[0]

    def end(self) -> Traced:
        """Wait until it is over."""
        code = self.run.wait()
        path = self.run.trace_path
        ended = Ended(code, (self._folder / "out").read_bytes(), (self._folder / "err").read_bytes())
        return Traced(ended, self.timeline(), path)


@contextmanager
def started(folder: Path, script: Path, *args: str, hold: bool = True) -> Iterator[Held]:
    """Start it, to be held at its first switch."""
    path = folder / "held.trace"
    path.touch()
    control = ProgramControl()
    if hold:
        control.hold()
    # As a person's shell has it: nothing of the tests in the environment.
    variables = [f"{name}={value}" for name, value in environment().items()]

    def command(target: Target, trace: Path, options: Sequence[str]) -> list[str]:
        return ["env", "-i", *variables, *tracer_command(target, trace, options)]

    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        run = start(
            Target(script.stem, (str(script), *args), script), path, stdout=out, stderr=err, command=command,
            control=control,
        )
    held = Held(run, control, folder)
    try:
        yield held
    finally:
        if run.poll() is None:
            run.signal(9)
        run.wait()
        control.close()


def script_of(folder: Path, source: str) -> Path:
    """A script of that text."""
    path = folder / "script.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return path
