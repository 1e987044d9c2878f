"""A trace for programs, which answers with plain values."""

from __future__ import annotations

import base64
import html
import operator
import os
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from importlib import import_module
from itertools import chain
from typing import Any, Literal, get_args

import numpy as np

from visualizer.analysis.explore import spans
from visualizer.analysis.explore.wait_graph import moment_at
from visualizer.analysis.load import loader
from visualizer.analysis.model.columns import Rows
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Comparison, Part, compare
from visualizer.analysis.report.details import Details, details
from visualizer.analysis.report.jsonl import Record, records
from visualizer.analysis.report.waits import Waits, waits
from visualizer.analysis.text.sentences import sentence
from visualizer.api.values import (
    Finding,
    Moment,
    Slice,
    Switch,
    Track,
    Tracks,
    Wait,
    Wake,
    columns_of,
    finding_of,
    names_of,
    switch_of,
    track_of,
    wait_of,
    wake_of,
)
from visualizer.trace.source import TraceError

__all__ = ["Comparison", "Details", "Trace", "TraceError", "load"]

_NS_PER_S = 1_000_000_000

#: What `Trace.to_pandas` and `Trace.to_polars` make a table of.
Table = Literal["events", "tracks", "slices", "switches", "waits", "wakes"]
#: Those that are of one kind, and the attributes of a trace.
_KINDS = {"tracks": Track, "switches": Switch, "waits": Wait, "wakes": Wake}


def load(path: str | os.PathLike[str], advance: Callable[[int, int], None] = lambda done, of: None) -> Trace:
    """Read the trace in the file `path` ("-": standard input), as far as it goes.

    One that was cut, or is still being written, opens, too: `Trace.notices` says what is missing. `advance` is told how
    many bytes have been read by now, and of how many; of 0, where that is not known.
    Raise TraceError, with one sentence, if the file cannot be read or is no trace.
    """
    name = os.fspath(path)
    timeline, notices = loader.load(name, advance)
    return Trace(name, Part.whole(timeline), notices)


class Trace:
    """A trace, or a part of one: what `load` and `between` return. It does not change.

    Times are whole nanoseconds since the start of the recording. Where a moment is asked for, a text says it as on the
    command line: "#3" is the third switch, "0.5" a time in seconds.

    A part has all that goes on at any time of it, each whole: a wait may have begun before it.

    `path`: the file. `notices`: what was wrong with the file but did not keep it from opening, in sentences. `part`:
    the model behind all this, which the commands draw; it may change from version to version.
    """

    def __init__(self, path: str, part: Part, notices: Sequence[str] = (), whole: Trace | None = None) -> None:
        self.path = path
        self.part = part
        self.notices = tuple(notices)
        self._whole = whole

    @property
    def timeline(self) -> Timeline:
        """The model of the whole trace, see `part`."""
        return self.part.timeline

    @property
    def start_ns(self) -> int:
        """Where this begins; 0 for a whole trace."""
        return self.part.start_ns

    @property
    def end_ns(self) -> int:
        """Where this ends; the latest time of a whole trace."""
        return self.part.end_ns

    @property
    def duration_ns(self) -> int:
        return self.end_ns - self.start_ns

    @property
    def target(self) -> str:
        """What was run: the name of a scenario or a module, or the path of a script."""
        return self.timeline.header.target if self.timeline.header is not None else ""

    @property
    def exit_code(self) -> int | None:
        """The program's exit code, or minus the number of the signal that killed it; None if unknown."""
        end = self.timeline.end
        return None if end is None else -end.signal if end.signal else end.code

    @cached_property
    def tracks(self) -> Tracks:
        """In order of their appearance; `tracks["foo"]` is the one of that name."""
        lives = filter(self.part.lives, self.timeline.tracks)
        return Tracks([track_of(self.timeline, track, self.start_ns, self.end_ns) for track in lives])

    @property
    def switches(self) -> Sequence[Switch]:
        """In order of time. Each is made when it is read: a million of them take no memory."""
        first, stop = self.part.first, self.part.stop
        return Rows(range(first, stop).__len__, lambda index: switch_of(self.timeline, first + index))

    @property
    def waits(self) -> Sequence[Wait]:
        """In the order in which they began; without those of hubs, which wait whenever another track runs."""
        known = self._waits
        here = np.flatnonzero((known.start_ns <= self.end_ns) & (known.end_ns >= self.start_ns))
        return Rows(here.__len__, lambda index: wait_of(self.timeline, known, int(here[index])))

    @cached_property
    def _waits(self) -> Waits:
        return self._whole._waits if self._whole is not None else waits(self.timeline)

    @property
    def wakes(self) -> Sequence[Wake]:
        """In the order of the trace, which is that of time within a thread."""
        wakeup_ns = np.array(self.timeline.columns.wakeups.ns)
        here = np.flatnonzero((wakeup_ns >= self.start_ns) & (wakeup_ns <= self.end_ns))
        return Rows(here.__len__, lambda index: wake_of(self.timeline, int(here[index])))

    def at(self, t: int | str) -> Moment:
        """Which tracks run, are ready, and wait for what at `t`.

        Raise ValueError, with a sentence, if the trace has no such moment.
        """
        timeline = self.timeline
        found = moment_at(timeline, spans.moment_ns(timeline, self.path, _written(t)))
        waiting = {}
        for group in found.waits:
            for track in group.waiters:
                slices = timeline.tracks[track].slices
                row = int(np.searchsorted(self._waits.suspension, slices.about[slices.at(found.t_ns)]))
                wait = wait_of(timeline, self._waits, row)
                waiting[track] = wait._replace(tracks=names_of(timeline, group.on))
        return Moment(
            found.t_ns,
            names_of(timeline, found.running),
            names_of(timeline, found.ready),
            tuple(waiting[track] for track in timeline.tracks if track in waiting),
            tuple(tuple(timeline.name(wait.waiters[0]) for wait in circle) for circle in found.circles),
            tuple((timeline.name(hub), timeline.name(by)) for hub, by in found.blocked),
        )

    def between(self, a: int | str | None = None, b: int | str | None = None) -> Trace:
        """The part from `a` to `b`, both included; None: from the beginning, or to the end.

        Of a part, what lies in both. Raise ValueError, with a sentence, if there is no such part.
        """
        if a is None and b is None:
            return self
        asked = spans.part_of(self.timeline, self.path, f"{_written(a)}-{_written(b)}")
        part = Part(
            self.timeline,
            max(asked.start_ns, self.start_ns),
            min(asked.end_ns, self.end_ns),
            max(asked.first, self.part.first),
            min(asked.stop, self.part.stop),
        )
        if part.start_ns > part.end_ns:
            raise ValueError(f"{self!r} has nothing of that span.")
        return Trace(self.path, part, self.notices, self._whole or self)

    def explain(self, number: int) -> str:
        """Why switch `number`, from 1, happened, and which track runs then. Raise IndexError if there is none."""
        return sentence(self.timeline, number - 1)

    def events(self) -> Iterator[Record]:
        """What `visualizer events` prints: a dict for each event, with `t` (in seconds), `event` and the fields that
        FORMAT.md names, in order of time."""
        return records(self.timeline, self.part)

    def problems(self) -> tuple[Finding, ...]:
        """The problems that `visualizer problems --json` prints, the worst first; of a part, those whose moment is in
        it."""
        # Most commands look for none, and these are as many modules as all that opens a trace.
        from visualizer.analysis.findings import findings, grouped

        found = (one for one in findings(self.timeline) if self.start_ns <= one.t_ns <= self.end_ns)
        return tuple(finding_of(self.timeline, group) for group in grouped(self.timeline, found))

    #: The former name.
    findings = problems

    def stats(self) -> Details:
        """What `visualizer stats --json` prints, as objects: how each track spent its time, in seconds.

        Of a part, a state counts with what of it lies there.
        """
        return details(self.timeline, None if self.part.is_whole else (self.start_ns, self.end_ns))

    def compare(self, other: Trace) -> Comparison:
        """What `visualizer compare --json` prints, as objects; this is its `a`, and `other` its `b`."""
        return compare(self.part, other.part)

    def to_pandas(self, table: Table = "events") -> Any:
        """One of "events", "tracks", "slices", "switches", "waits" and "wakes" as a pandas.DataFrame, a row each.

        Raise ImportError, with one sentence, where pandas is not installed.
        """
        return self._frame("pandas", table)

    def to_polars(self, table: Table = "events") -> Any:
        """The same as a polars.DataFrame. Raise ImportError, with one sentence, where polars is not installed."""
        return self._frame("polars", table)

    def _frame(self, library: str, table: Table) -> Any:
        try:
            frame = import_module(library).DataFrame
        except ModuleNotFoundError:
            raise ImportError(f"Trace.to_{library} needs {library}: pip install {library}") from None
        return frame(self._columns(table))

    def _columns(self, table: Table) -> dict[str, list[Any]]:
        if table == "events":
            events = list(self.events())
            # Each kind of event has fields of its own.
            names = dict.fromkeys(chain.from_iterable(events))
            return {name: [event.get(name) for event in events] for name in names}
        if table == "slices":
            return columns_of(Slice, [one for track in self.tracks for one in track.slices])
        if table in _KINDS:
            return columns_of(_KINDS[table], list(getattr(self, table)))
        raise ValueError(f"There is no table {table!r}; there are {', '.join(get_args(Table))}.")

    def _repr_svg_(self) -> str:
        """The timeline as `visualizer export` draws it."""
        # Whoever asks for numbers does not have to load what draws.
        from visualizer.export import FORMATS, Settings

        picture = FORMATS[".svg"](self.timeline, Settings(part=self.part))
        return picture.decode()

    def _repr_html_(self) -> str:
        """The same with problems and notices about the file below."""
        picture = base64.b64encode(self._repr_svg_().encode()).decode()
        # An image, so that the styles of several pictures on one page cannot mix.
        shown = f'<img alt="{html.escape(repr(self))}" src="data:image/svg+xml;base64,{picture}">'
        told = [*(one.sentence for one in self.problems()), *self.notices]
        return shown + "".join(f"<p>{html.escape(sentence)}</p>" for sentence in told)

    def __repr__(self) -> str:
        span = "" if self.part.is_whole else f" from {self.start_ns} to {self.end_ns} ns"
        return f"<Trace {self.path!r}{span}: {len(self.tracks)} tracks, {len(self.switches)} switches>"


def _written(moment: int | str | None) -> str:
    """The moment as the command line writes it, in seconds."""
    if moment is None or isinstance(moment, str):
        return moment or ""
    seconds, ns = divmod(operator.index(moment), _NS_PER_S)
    return f"{seconds}.{ns:09}"
