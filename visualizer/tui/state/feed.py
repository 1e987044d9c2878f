"""Brings the events of a trace into a timeline, a little at a time: from a file, a pipe, or a program we started."""

from __future__ import annotations

import io
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from visualizer.analysis.load.loader import Loader
from visualizer.analysis.model.timeline import Timeline
from visualizer.session import launch, recordings
from visualizer.session.control import Condition, ProgramControl
from visualizer.session.target import Target
from visualizer.trace.source import Line, Source, TraceError

#: Time for which `poll` may block the screen; lines are read this many at a time.
_BUDGET_NS = 25_000_000
_BATCH = 2_000
#: Batches that the thread which reads a pipe may be ahead of the screen.
_AHEAD = 8
#: How long a program that was asked to end may take before it is killed.
_GRACE_S = 1.0
#: Two clocks of one machine do not drift further apart than this while a program runs.
_SAME_MACHINE_NS = 60_000_000_000
#: A trace whose program cannot be found is over when nothing came for so long.
_SILENCE_NS = 2_000_000_000
_STDERR_SHOWN = 2_000


class Feed:
    """A trace on its way into `timeline`. Call `poll` often; `live` says whether more may come.

    `error` is set, to one sentence, if the trace turned out to be none.
    """

    def __init__(
        self,
        source: Source,
        *,
        follow: bool = False,
        name: str = "",
        path: Path | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.timeline = Timeline()
        self.path = path
        self.live = True
        self.follow = follow
        self.error: str | None = None
        self._source = source
        self._name = name
        self._clock = clock
        self._loader = Loader(self.timeline, source.columnizer)
        #: Lines that were read, and how many of them have been taken in.
        self._lines: list[Line] = []
        self._taken = 0
        self._silent_since_ns = -1
        self._heard = 0
        self._caught_up = False

    @property
    def name(self) -> str:
        """What a person calls what was recorded."""
        header = self.timeline.header
        return self._name or (header.target if header is not None else "") or self._source.name

    @property
    def started_here(self) -> bool:
        """Whether we started the program: then `close` ends it."""
        return False

    @property
    def control(self) -> ProgramControl | None:
        """The connection that can pause the program, if it was started with one."""
        return None

    @property
    def paused(self) -> bool:
        """Whether the program is paused, here or by another viewer, according to the trace so far."""
        if self.control is not None:
            return self.control.condition is Condition.PAUSED
        return self.live and self.follow and self.timeline.pauses.since_ns is not None

    @property
    def caught_up(self) -> bool:
        """Whether all that was there at the last `poll` has been taken in."""
        return self._caught_up or not self.live

    @property
    def notices(self) -> list[str]:
        """What was wrong with the trace but did not keep it from being read."""
        if self.awaited:
            return [f"Waiting for {self._source.name!r}, which does not exist yet; q quits."]
        return self._source.notices

    @property
    def awaited(self) -> bool:
        """Whether the trace is a file that does not exist yet."""
        return self._source.awaited

    @property
    def progress(self) -> float | None:
        """The part that has been read of a trace that is complete; None if that means nothing.

        Whether the program still runs, of a trace that is followed, only matters while there is more to be read.
        """
        if not self.live or (self.follow and (self._caught_up or self._is_running)):
            return None
        size = self._source.measure() if self.follow else self._source.size
        return min(1.0, self._source.consumed / size) if size else None

    @property
    def _is_running(self) -> bool:
        """Whether the program may still be running."""
        header = self._source.header
        return header is None or header.pid <= 0 or _exists(header.pid)

    @property
    def status(self) -> int | None:
        """Exit status of the program if we started it and it is over, negative for a signal."""
        return None

    @property
    def now_ns(self) -> int:
        """How far the timeline is known: to the present while the program runs on this machine and all that it wrote
        has been taken in, else to its last event."""
        last_ns = self.timeline.last_ns
        if not (self.live and self.follow) or not self._caught_up or self._source.ended:
            return last_ns
        present_ns = self._present_ns
        return last_ns if present_ns is None else max(last_ns, present_ns)

    @property
    def behind_ns(self) -> int | None:
        """How long ago the last event that was taken in happened, if a live trace holds more; 0 if it does not.

        None: it does, but on another machine, whose clock is unknown.
        """
        if not (self.live and self.follow) or self._caught_up or self.timeline.header is None:
            return 0
        present_ns = self._present_ns
        return None if present_ns is None else max(0, present_ns - self.timeline.last_ns)

    @property
    def _present_ns(self) -> int | None:
        """The current time on the trace's clock; None if it was apparently recorded on another machine."""
        header = self.timeline.header
        if header is None:
            return None
        running_ns = self._clock() - header.monotonic_ns
        wall_ns = time.time_ns() - header.wall_ns
        # Another viewer may pause it: then its clock stops.
        return self.timeline.pauses.clock_ns(running_ns) if abs(wall_ns - running_ns) < _SAME_MACHINE_NS else None

    def poll(self) -> bool:
        """Take in what has arrived, as much as a moment allows. Return whether anything changed."""
        if not self.live:
            return False
        before = self.timeline.version, self.live
        until_ns = self._clock() + _BUDGET_NS
        self._caught_up = False
        try:
            while self._take(until_ns):
                if not self._refill():
                    self._caught_up = True
                    break
                if not self._lines and self._clock() >= until_ns:
                    break
        except TraceError as error:
            self.error = str(error)
            self.live = False
            self._source.close()
        return before != (self.timeline.version, self.live)

    def close(self) -> None:
        """Read no more. Can be repeated."""
        self.live = False
        self._source.close()

    def _take(self, until_ns: int) -> bool:
        """Feed what was read, a batch in any case. Return False if the time is over, whether there is more or not."""
        while self._taken < len(self._lines):
            self._loader.take(self._lines[self._taken : self._taken + _BATCH])
            self._taken += _BATCH
            if self._clock() >= until_ns:
                return False
        return True

    def _refill(self) -> bool:
        """Read on. Return False if there is nothing to be had now, or ever."""
        consumed = self._source.consumed
        # Asked before reading: what a program wrote before it ended is then sure to be read.
        over = self._over()
        lines = self._source.read_lines()
        if self._source.header is not None:
            self.timeline.header = self._source.header
        if self._source.consumed == consumed:
            if over or self._source.ended:
                self._finish([*lines, *self._source.finish_lines()])
                return False
            if not lines:
                return False
        self._lines, self._taken = lines, 0
        return True

    def _finish(self, lines: list[Line]) -> None:
        self.timeline.header = self._source.header
        self._loader.take(lines)
        self.live = False
        self._source.close()

    def _over(self) -> bool:
        """Whether a file from which nothing more can be read is complete."""
        if not self.follow:
            return True
        if self._is_running:
            self._silent_since_ns = -1
            return False
        # Its program has ended, or runs on another machine or in a container: then only silence shows its end.
        if self._silent_since_ns < 0 or self._heard != self._source.consumed:
            self._heard = self._source.consumed
            self._silent_since_ns = self._clock()
        return self._clock() - self._silent_since_ns > _SILENCE_NS


class PipeFeed(Feed):
    """A trace that comes through a pipe. It is read in a thread, since that waits until there is something."""

    def __init__(self, source: Source, *, follow: bool = False, clock: Callable[[], int] = time.monotonic_ns) -> None:
        super().__init__(source, follow=follow, clock=clock)
        self._read_to_end = False
        self._batches: queue.Queue[list[Line] | TraceError | None] = queue.Queue(_AHEAD)
        threading.Thread(target=self._read, daemon=True, name="trace from a pipe").start()

    def _read(self) -> None:
        try:
            for batch in self._source.lines():
                self._batches.put(batch)
            self._batches.put(None)
        except TraceError as error:
            self._batches.put(error)

    def _refill(self) -> bool:
        try:
            batch = self._batches.get_nowait()
        except queue.Empty:
            return False
        self.timeline.header = self._source.header
        if isinstance(batch, TraceError):
            raise batch
        if batch is None:
            self._read_to_end = True
            self.close()
            return False
        self._lines, self._taken = batch, 0
        return True

    def close(self) -> None:
        self.live = False
        # Beyond the thread that may stand in a read of the pipe, which is then not to be closed.
        if self._read_to_end:
            self._source.close()


class RunFeed(Feed):
    """A program that we started: its trace is followed until it is over, and `close` ends it."""

    def __init__(
        self,
        target: Target,
        options: tuple[str, ...] = (),
        clock: Callable[[], int] = time.monotonic_ns,
        hold: bool = False,
    ) -> None:
        """Start `target`; `hold`: it stops at its first switch. Raise OSError if it cannot be run or recorded."""
        path = recordings.new_path(target.name)
        # Before anything is recorded, its stderr is the only explanation of a failed start.
        self._stderr = tempfile.TemporaryFile()
        self._control = ProgramControl()
        if hold:
            self._control.hold()
        self._run = launch.start(
            target,
            path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._stderr,
            options=options,
            control=self._control,
        )
        super().__init__(Source.open(path, clock), follow=True, name=target.name, path=path, clock=clock)

    @property
    def started_here(self) -> bool:
        return True

    @property
    def control(self) -> ProgramControl | None:
        return self._control

    @property
    def status(self) -> int | None:
        return self._run.poll()

    @property
    def notices(self) -> list[str]:
        notices = list(self._source.notices)
        if self._run.warning is not None:
            notices.append(self._run.warning)
        if not self.live and not self._run.recorded and not self._stderr.closed:
            self._stderr.seek(0)
            notices += self._stderr.read(_STDERR_SHOWN).decode("utf-8", "replace").splitlines()
        return notices

    def _over(self) -> bool:
        return not self._is_running

    @property
    def _is_running(self) -> bool:
        return self._run.poll() is None

    @property
    def _present_ns(self) -> int | None:
        header = self.timeline.header
        return self._control.clock(self._clock()) - header.monotonic_ns if header is not None else None

    def poll(self) -> bool:
        # Read first: what it did until it stopped is in the file by then.
        answered = self._control.read()
        changed = super().poll() or answered
        if self.error is not None and self._run.poll() is not None:
            # The run's own warning reports an empty trace.
            self.error = None
        return changed

    def stop(self) -> None:
        """Stop the program if it still runs: ask it to end, and kill it a moment later. Returns when it has ended."""
        if self._run.poll() is None:
            self._run.signal(signal.SIGTERM)
            # It may have work to do before it ends, and be paused.
            self._control.run_on()
            until = time.monotonic() + _GRACE_S
            while self._run.poll() is None and time.monotonic() < until:
                time.sleep(0.01)
            if self._run.poll() is None:
                self._run.signal(signal.SIGKILL)
        self._run.wait()

    def close(self) -> None:
        self.stop()
        super().close()
        self._stderr.close()


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def from_stream(stream: BinaryIO, follow: bool, clock: Callable[[], int] = time.monotonic_ns) -> PipeFeed:
    """Read a trace from a pipe, to its end in any case; `follow`: it is looked at there."""
    return PipeFeed(Source(stream, "stdin", clock), follow=follow, clock=clock)


def from_file(path: Path, follow: bool, clock: Callable[[], int] = time.monotonic_ns) -> Feed:
    """Read the trace at `path`, or `follow` it, also before there is one. Raise TraceError if it cannot be opened."""
    source = Source.awaiting(path, clock) if follow and not path.exists() else Source.open(path, clock)
    return Feed(source, follow=follow, path=path, clock=clock)


def already_read(timeline: Timeline, name: str) -> Feed:
    """Show what was read elsewhere."""
    feed = Feed(Source(io.BytesIO(), name), name=name)
    feed.timeline = timeline
    feed.close()
    return feed
