"""Text around a timeline: what was recorded, how it ended, and remarks for the reader."""

from __future__ import annotations

import signal

from visualizer.analysis.model.timeline import State, Timeline
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.hot_lines import spot_of
from visualizer.analysis.text.losses import left_out
from visualizer.analysis.text.printable import plain
from visualizer.trace import words

#: The first word of a tracer's status if it works.
_WORKS = ("on", "waiting")
#: Threads are said to have run at once if they did for so long.
_AT_ONCE_NS = 100_000_000


def title(timeline: Timeline) -> str:
    """What was run."""
    return plain(timeline.header.target if timeline.header is not None else "") or "trace"


def facts(timeline: Timeline) -> list[str]:
    """Such as "Python 3.13.0", "2.03 s", "18 switches", "exit code 0"."""
    count = timeline.switch_count
    found = [duration(timeline.last_ns), f"{count} switch" + ("" if count == 1 else "es"), ending(timeline)]
    if timeline.header is not None and timeline.header.python:
        found.insert(0, plain(f"Python {timeline.header.python}"))
    return found


def ending(timeline: Timeline) -> str:
    """How the program ended."""
    if timeline.end is None:
        return "end not recorded"
    if timeline.end.signal:
        return f"killed by {_signal_name(timeline.end.signal)}"
    return f"exit code {timeline.end.code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def uncaught(timeline: Timeline) -> str | None:
    """The exception that ended the program, on one line; None if there was none."""
    if timeline.uncaught is None:
        return None
    exception, message = timeline.uncaught
    where = f" ({spot_of(timeline.uncaught_at)})" if timeline.uncaught_at is not None else ""
    return plain(f"Uncaught {exception}: {message}{where}" if message else f"Uncaught {exception}{where}")


def _computed_at_once_ns(timeline: Timeline) -> int:
    """How long, at least, several threads of one process were all running; 0 where no lock keeps them apart."""
    threads = timeline.header.tracers.get("threads", "") if timeline.header is not None else ""
    if timeline.is_foreign or "free threading" in threads:
        return 0
    ran_ns: dict[int, int] = {}
    for thread in timeline.tracks.of_kind(words.THREAD):
        ran = thread.slices.spent_ns(State.RUNNING, timeline.last_ns)
        ran_ns[thread.process] = ran_ns.get(thread.process, 0) + ran
    lasted_ns = {process.number: timeline.last_ns - process.start_ns for process in timeline.processes}
    return max((ran - lasted_ns[number] for number, ran in ran_ns.items()), default=0)


def remarks(timeline: Timeline) -> list[str]:
    """Sentences about the recording itself: what was left out of it, and which tracer did not work, or was off."""
    found = []
    if not timeline.switch_count:
        found.append("No switch was recorded: no generator, greenlet or hub ran.")
    found += [plain(note) for note in timeline.notes]
    at_once_ns = _computed_at_once_ns(timeline)
    if at_once_ns >= _AT_ONCE_NS:
        found.append(
            f"For {duration(at_once_ns, 2)} or longer several threads were running at once. They share the "
            "interpreter's lock (GIL): only one of them runs Python code at any moment; which one is not observed."
        )
    if timeline.pauses.sentence is not None:
        found.append(timeline.pauses.sentence)
    found += [f"Left out of the trace: {count} {plain(what)}." for count, what in left_out(timeline)]
    return found + not_recorded(timeline)


def not_recorded(timeline: Timeline) -> list[str]:
    """Sentences on the tracers that did not work, or were off."""
    return [
        plain(f"The tracer of {name} {'was' if why.startswith('off: ') else 'did not work:'} {why}")
        for name, why in (timeline.header.tracers.items() if timeline.header is not None else ())
        # Of one thread there is nothing to tell of threads.
        if not why.startswith(_WORKS) and (name != "threads" or len([*timeline.tracks.of_kind(words.THREAD)]) > 1)
    ]
