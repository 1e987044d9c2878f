"""Samples: where a track is that runs without a switch, seen from outside.

A hog stores no event, and its trace would tell what it is, but not which line keeps it. So the flushing thread looks,
every 25 ms, at each thread that has stored nothing since it looked last: at the innermost frame of the program's own.
What is seen belongs to the track that the thread's latest event says runs, as nothing happened in between:

* the frames are read by one call into C, in which the interpreter lets no other thread run;
* before and after, the thread's buffer holds nothing, and as much had been taken out of it;
* a switch that has happened and is not stored yet has one of our hooks on the stack, or a generator that stands where
  it is resumed (the interpreter may let others run right before it tells us); then nothing is taken. (Left: a finalizer
  of the program's that the garbage collector of 3.11 runs between a switch and our hook.)

Nobody asks a thread to stop: what holds the interpreter's lock is not seen, and what is seen of a loop stands where the
interpreter lets others run, at its jump back or after a call. A hub that polls has no frame of the program's.

The same look reads the clock of the processor's time that the thread has used: one that has hardly used any from look
to look, twice in a row, is in a call that waits (`select`, `sleep`, `accept`, `waitpid`, the lock of another thread),
and is idle.
"""

from __future__ import annotations

import opcode
import os
import sys

from visualizer.tracers.core.buffer import Sight
from visualizer.tracers.core.code import GENERATOR_FLAG
from visualizer.tracers.core.kept_off import KeptOff, used_by
from visualizer.tracers.core.rows import ROW
from visualizer.tracers.core.thread_frames import stack_of
from visualizer.tracers.core.unstored import Unstored, all_is_stored
from visualizer.tracers.core.values import show

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.buffer import Buffer
    from visualizer.tracers.core.context import Context
    from visualizer.tracers.core.thread_frames import At

#: At most this many threads are looked at in a flush, in turn if there are more.
_AT_ONCE = 16
#: Whose thread used less of the processor's time than this from one look to the next waited, outside of Python's sight.
_IDLE_NS = 500_000
#: Stacks are read to this depth.
_DEPTH = 128

_RESUME = opcode.opmap["RESUME"]
_YIELD = opcode.opmap["YIELD_VALUE"]


class Samples:
    """Looks at the threads of one recording."""

    def __init__(self, recording: Context) -> None:
        self._recording = recording
        self._looks = False
        self._looked_ns = -1
        self._kept_off = KeptOff()
        #: The thread that comes first in the next look.
        self._turn = 0
        #: `sys.addaudithook`: the interpreter's, and ours in its place.
        self._audits: tuple[Any, Any] | None = None

    def begin(self) -> None:
        """Look from now on; not where the interpreter has no lock that would keep the threads still."""
        if getattr(sys, "_is_gil_enabled", lambda: True)():
            self._looks = True
            self._recording.stream.look = self.look
            self._recording.stream.all_stored_ns = Unstored(self._recording.own.is_hook).since_ns
            now_ns = self._recording.stream.clock()
            self._kept_off.begin(now_ns)
            for buffer in self._recording.stream.buffers:
                buffer.measured = -1, now_ns, used_by(buffer)
            self._mind_audits()

    def stop(self) -> None:
        """Which track runs is not known well enough any more, or is over."""
        self._looks = False
        self._recording.stream.all_stored_ns = all_is_stored
        audits, self._audits = self._audits, None
        if audits is not None and sys.addaudithook is audits[1]:
            sys.addaudithook = audits[0]

    def _mind_audits(self) -> None:
        """To look at frames is an event for an audit hook (PEP 578): code of the program's, and not to run in here. So
        is to load code."""
        original = sys.addaudithook

        def addaudithook(hook: Callable[[str, tuple[Any, ...]], Any]) -> None:
            self.stop()
            self._recording.load_late()
            original(hook)

        self._audits = original, addaudithook
        sys.addaudithook = addaudithook

    def look(self) -> None:
        """In the flushing thread, while nobody else can flush. Never raises."""
        stream = self._recording.stream
        now_ns = stream.clock()
        if now_ns == self._looked_ns:
            return  # Where the clock stands, the program is paused.
        self._looked_ns = now_ns
        try:
            delays, now_ns = self._kept_off.look(
                list(stream.buffers), stream.run_queue, stream.clock, stream.away_ns
            )
            stream.delays += delays
            quiet = [buffer for buffer in list(stream.buffers) if _is_quiet(buffer, now_ns)]
            if self._looks:
                self._look_at(self._in_turn(quiet))
            else:
                for buffer in quiet:
                    _measure(buffer, now_ns)
        except Exception as error:
            self.stop()
            stream.look = _look_no_more
            note = f"What runs on without a switch is not sampled any longer: {show(error)}."
            # Our own thread has no track, and must not get one.
            self._recording.at_next_event(lambda: self._recording.note(note))

    def _in_turn(self, buffers: list[Buffer]) -> list[Buffer]:
        if len(buffers) <= _AT_ONCE:
            return buffers
        first = self._turn % len(buffers)
        self._turn = first + _AT_ONCE
        return (buffers[first:] + buffers[:first])[:_AT_ONCE]

    def _look_at(self, buffers: list[Buffer]) -> None:
        for buffer in buffers:
            t_ns = self._recording.stream.clock()
            since_ns, used_ns = buffer.measured[1], _measure(buffer, t_ns)
            seen = self._places(stack_of(buffer.ident, _DEPTH))
            if buffer.rows or buffer.closed or not self._looks:
                continue
            if seen:
                _keep(buffer, seen[0], _called(seen), t_ns)
            if seen is None or not 0 <= used_ns < _IDLE_NS:
                buffer.unused_ns = -1
                if buffer.idle_ns >= 0:
                    buffer.turns.append((buffer.idle_ns, 0))
                    buffer.idle_ns = -1
            elif buffer.idle_ns >= 0:
                buffer.idle_ns = t_ns
            elif buffer.unused_ns >= 0:
                buffer.turns.append((buffer.unused_ns, 1))
                buffer.idle_ns = t_ns
            else:
                # Or the machine is busy, and let others run.
                buffer.unused_ns = since_ns

    def _places(self, stack: list[At]) -> list[At] | None:
        """Where the program is, innermost first, as far as it is in code of its own; None if it is at a switch that may
        not be stored yet, or has ended. Of what a loop calls, without any code of its own: where in a library."""
        for depth, (code, _) in enumerate(stack):
            # What only stands around a callback of the program's stores nothing meanwhile.
            if self._recording.own.is_hook(code) and not (depth and code.co_name == "visualizer_callback"):
                return None
        own = self._own(stack)
        if any(_is_resumed(*at) for at in own):
            return None
        # A function that is just being entered says less than its call.
        while len(own) > 1 and _is_entered(*own[0]):
            del own[0]
        return own

    def _own(self, stack: list[At]) -> list[At]:
        """What of the stack is the program's own. Of what a loop has called, else what is not the loop's library: who
        runs the loop stands below, and has nothing to do with it."""
        for depth, (bottom, _) in enumerate(stack):
            if bottom in self._recording.bottoms:
                library = os.path.dirname(bottom.co_filename)
                stack = stack[:depth]
                others = [at for at in stack if os.path.dirname(at[0].co_filename) != library]
                break
        else:
            others = []
        own = [at for at in stack if self._recording.own(at[0])]
        # What a library has generated stands in no file; its caller does. But a console runs what stands in none.
        if any(_is_cell(code) for code, _ in own):
            return own
        return _in_files(own) or _in_files(others) or own


def _look_no_more() -> None:
    """In place of `Samples.look`."""


def _in_files(stack: list[At]) -> list[At]:
    return [at for at in stack if not at[0].co_filename.startswith("<")]


def _is_cell(code: CodeType) -> bool:
    """Whether it is all of what was typed at once into a console, or given to `exec`."""
    return code.co_filename.startswith("<") and code.co_name.startswith(("<module>", "<cell line"))


def _is_quiet(buffer: Buffer, t_ns: int) -> bool:
    """Whether the thread has stored nothing since this was asked last, and all that it had stored is written."""
    stored = buffer.taken + len(buffer.rows) // ROW
    looked, buffer.looked = buffer.looked, stored
    if stored == looked and not buffer.rows and not buffer.closed:
        return True
    _measure(buffer, t_ns)
    buffer.unused_ns = -1
    return False


def _measure(buffer: Buffer, t_ns: int) -> int:
    """How much of the processor's time the thread has used since this was asked last; -1 if that cannot be known, or it
    has stored anything since."""
    used_ns = used_by(buffer)
    (stored, _, before_ns), buffer.measured = buffer.measured, (buffer.looked, t_ns, used_ns)
    return used_ns - before_ns if stored == buffer.looked and min(used_ns, before_ns) >= 0 else -1


def _is_resumed(code: CodeType, offset: int) -> bool:
    """Whether it is a generator that is being started or resumed, or suspended."""
    if not code.co_flags & GENERATOR_FLAG or offset < 0:
        return False
    return code.co_code[offset] in (_RESUME, _YIELD)


def _is_entered(code: CodeType, offset: int) -> bool:
    """Whether the function has not begun yet: it stands at its first RESUME (the dis module's manual)."""
    # Before it there are only instructions that make its cells.
    if offset > 2 * (len(code.co_cellvars) + 2):
        return False
    return offset >= 0 and code.co_code[offset] == _RESUME


def _called(own: list[At]) -> At | None:
    """Where the function that is innermost in this stack was called by the program's own code: one that calls itself,
    directly or through others, from outside of these. None if nothing of the program's own called it, or if it is a
    generator or coroutine, which is resumed."""
    outermost = {code: depth for depth, (code, _) in enumerate(own)}
    depth = last = 0
    while depth <= last:
        last = max(last, outermost[own[depth][0]])
        depth += 1
    is_called = depth < len(own) and not own[last][0].co_flags & GENERATOR_FLAG
    return own[depth] if is_called else None


def _keep(buffer: Buffer, at: At, called: At | None, t_ns: int) -> None:
    """The thread was seen there."""
    sights = buffer.sights
    if not sights or not sights[-1].is_of(at, called):
        sights.append(Sight(at, called))
    sight = sights[-1]
    sight.t_ns = t_ns
    sight.count += 1
