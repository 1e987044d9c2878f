"""What a trace tells a program: tracks, and what happened to them, with names instead of numbers.

Times are whole nanoseconds since the start of the recording, and end in `_ns`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from visualizer.analysis.index.polls import called
from visualizer.analysis.model.states import State
from visualizer.analysis.model.timeline import Timeline, joined_tracks
from visualizer.analysis.model.types import Place
from visualizer.analysis.report.waits import Waits
from visualizer.trace import words

if TYPE_CHECKING:
    from visualizer.analysis.findings import Group

__all__ = ["Finding", "Moment", "Place", "Slice", "Switch", "Track", "Tracks", "Wait", "Wake"]

#: What is known of no place.
_NOWHERE = (None,) * len(Place._fields)
_STATES = [state.name for state in State]


class Slice(NamedTuple):
    """A track was in one state from `start_ns` up to `end_ns`; the last one, if it is no end, up to that of the trace.

    `state`: CREATED, READY (it could have run, but another did), RUNNING, WAITING, IDLE (a hub that polls, or a thread
    in a select; or a track that waits in a call, inferred as it uses no processor time), BLOCKED (a hub that a track
    kept from running for 100 ms or longer), DONE, FAILED (ended by an exception), STOPPED (cancelled or killed), or
    UNKNOWN.
    """

    track: str
    state: str
    start_ns: int
    end_ns: int

    @property
    def duration_ns(self) -> int:
        return self.end_ns - self.start_ns


@dataclass(frozen=True, slots=True)
class Track:
    """One independent sequence of execution, such as a greenlet.

    `name`: numbered where several have the same ("worker-2"). `id`: its number in the trace. `kind`: "generator",
    "coroutine", "greenlet", "thread", "hub" and others (FORMAT.md). `state`: its last, as in `Slice`. `end_ns`,
    `outcome` ("returned", "raised", ...) and `value` (of what it returned or raised, as text) are None if it has not
    ended, or if that is not known. `parent` and `creator`: the tracks that its end goes to, and that made it, if they
    are known. `place`: where it was made.
    """

    name: str
    id: int
    kind: str
    state: str
    start_ns: int
    end_ns: int | None
    outcome: str | None
    value: str | None
    parent: str | None
    creator: str | None
    place: Place | None
    _slices: Callable[[], list[Slice]] = field(repr=False, compare=False)

    @property
    def slices(self) -> list[Slice]:
        """Its states in order of time; of a part of a trace those that lie in it, at least partly."""
        return self._slices()


class Tracks(Sequence[Track]):
    """Tracks in order of their appearance. `tracks[0]`; `tracks["foo"]` is the first of that name."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        self._tracks = tracks
        self._by_name = {track.name: track for track in reversed(tracks)}

    def __len__(self) -> int:
        return len(self._tracks)

    @overload
    def __getitem__(self, key: int | str) -> Track: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[Track]: ...
    def __getitem__(self, key: int | str | slice) -> Track | Sequence[Track]:
        """Raise KeyError if there is none of that name, IndexError if there are not so many."""
        return self._by_name[key] if isinstance(key, str) else self._tracks[key]

    def __contains__(self, key: object) -> bool:
        """Whether this is one of them, or the name of one."""
        return key in self._by_name or key in self._tracks

    def __repr__(self) -> str:
        return f"Tracks({[track.name for track in self._tracks]})"


class Switch(NamedTuple):
    """Control passed from `origin` to `target`, names of tracks.

    `number`: from 1, as `show` and `explain` number them and `Trace.between("#3", "#17")` takes them. `cause`: how:
    "switch" or "throw" between greenlets; "next", "send", "throw" or "close" into a generator; "yield", "ignored" (it
    yields although it is closed), "return", "raise" or "close" out of one; "unpark" if a thread goes on after a wait in
    a call: then `origin` is the target. `value`: what crossed with it, as text; None if nothing, or not known. `place`:
    where `origin` is suspended; None if it ended, or goes on.
    """

    number: int
    t_ns: int
    origin: str
    target: str
    cause: str
    value: str | None
    place: Place | None
    origin_id: int
    target_id: int


class Wait(NamedTuple):
    """A track waited from `start_ns` until it was made ready, or just ran, at `end_ns`.

    `ended`: False if it still did when the trace ended: then that is `end_ns`. `reason`: "sleep", "join", "event",
    "queue", "io", ... (FORMAT.md); "resumed" (until a generator that it resumed gives control back), "suspended" (a
    generator at its yield), "switched" (a greenlet since it switched away). `on`: what it waited for, as text: "2 s",
    the expression, or a track's name; "" if that is not known. `tracks`: the tracks that it waited for. `object`: which
    thing, such as "Semaphore 2", or "". `asked_ns`: for how long it asked to sleep, or its time limit; None without, or
    if that is not known.
    `waker`: the track that made it ready; None if none did, or it is not known. `place`: the expression.
    """

    track: str
    reason: str
    on: str
    tracks: tuple[str, ...]
    object: str
    start_ns: int
    end_ns: int
    ended: bool
    asked_ns: int | None
    waker: str | None
    place: Place | None
    track_id: int

    @property
    def duration_ns(self) -> int:
        return self.end_ns - self.start_ns


class Wake(NamedTuple):
    """`waker`, None if it is not known, made `woken` ready to run. `cause`: "timer", "event", ... (FORMAT.md)."""

    t_ns: int
    waker: str | None
    woken: str
    cause: str
    waker_id: int | None
    woken_id: int


class Moment(NamedTuple):
    """What all tracks do at `t_ns`; tracks that have not run yet or have ended are left out.

    `running`, `ready`: names, in order of their appearance. `waits`: of all that wait, but for hubs; their `tracks` are
    those that they wait for at that time. `circles`: tracks each of which waits for the next, and the last for the
    first. `blocked`: each hub that a track keeps from running, and that track.
    """

    t_ns: int
    running: tuple[str, ...]
    ready: tuple[str, ...]
    waits: tuple[Wait, ...]
    circles: tuple[tuple[str, ...], ...]
    blocked: tuple[tuple[str, str], ...]


class Finding(NamedTuple):
    """One problem, in one sentence. `kind`: "hog", "deadlock", ... (FORMAT.md).

    `tracks`: names, the one that it is about first. `t_ns`: the moment. `file`, `line`: None if not known. Where the
    same is true of several tracks, this is the worst of them: `count` says of how many, and `others` has the rest.
    `severity`: "crash", "missing", "stuck" or "slow". `cost_ns`: the time that was lost by it, in total, by the tracks
    `lost_by`.
    """

    kind: str
    sentence: str
    tracks: tuple[str, ...]
    t_ns: int
    file: str | None
    line: int | None
    count: int = 1  # type: ignore[assignment]  # It hides tuple.count, which nobody wants of a finding.
    others: tuple[Finding, ...] = ()
    severity: str = ""
    cost_ns: int = 0
    lost_by: tuple[str, ...] = ()


def track_of(timeline: Timeline, track: int, start_ns: int, end_ns: int) -> Track:
    """The track, with what of its states lies between these times."""
    known = timeline.tracks[track]
    slices = called(timeline, known)
    at = slices.at(end_ns)
    return Track(
        name=timeline.name(track),
        id=track,
        kind=known.kind,
        state=_STATES[slices.state[at] if at >= 0 else State.UNKNOWN],
        start_ns=known.spawn_ns,
        end_ns=known.exit_ns if known.exit_ns >= 0 else None,
        outcome=known.outcome,
        value=known.value,
        parent=name_of(timeline, known.parent),
        creator=name_of(timeline, known.creator),
        place=known.place,
        _slices=lambda: _slices(timeline, track, start_ns, end_ns),
    )


def _slices(timeline: Timeline, track: int, start_ns: int, end_ns: int) -> list[Slice]:
    name, slices = timeline.name(track), called(timeline, timeline.tracks[track])
    first, stop = max(0, slices.at(start_ns)), slices.at(end_ns) + 1
    edges_ns = slices.start_ns[first : stop + 1]
    if stop == len(slices) and stop:
        edges_ns.append(max(timeline.last_ns, edges_ns[-1]))
    spans_ns = zip(slices.state[first:stop], pairwise(edges_ns), strict=True)
    return [Slice(name, _STATES[state], *span_ns) for state, span_ns in spans_ns]


def switch_of(timeline: Timeline, index: int) -> Switch:
    """Switch number `index`, from 0."""
    # Without the suspension, which takes a search.
    switches = timeline.columns.switches
    cause, place = switches.details.known[switches.detail[index]]
    origin, target = timeline.ends_of(index)
    return Switch(
        index + 1,
        switches.ns[index],
        timeline.name(origin),
        timeline.name(target),
        cause,
        timeline.columns.texts.get(switches.value[index]),
        timeline.place(place),
        origin,
        target,
    )


def wait_of(timeline: Timeline, waits: Waits, row: int) -> Wait:
    """The wait in that row of `waits`."""
    suspension, waker = timeline.suspensions[int(waits.suspension[row])], int(waits.waker[row])
    on = joined_tracks(suspension.object) or (suspension.on_track,)
    return Wait(
        track=timeline.name(suspension.track),
        reason=suspension.reason,
        on=suspension.on or name_of(timeline, suspension.on_track) or "",
        tracks=names_of(timeline, on),
        object=suspension.object,
        start_ns=int(waits.start_ns[row]),
        end_ns=int(waits.end_ns[row]),
        ended=bool(waits.ended[row]),
        asked_ns=suspension.asked_ns if suspension.asked_ns >= 0 else None,
        waker=name_of(timeline, timeline.wakeups[waker].waker) if waker >= 0 else None,
        place=suspension.place,
        track_id=suspension.track,
    )


def wake_of(timeline: Timeline, index: int) -> Wake:
    """Wakeup number `index`, from 0."""
    found = timeline.wakeups[index]
    waker = found.waker if found.waker in timeline.tracks else None
    return Wake(
        found.t_ns,
        name_of(timeline, found.waker),
        timeline.name(found.track),
        found.cause,
        waker,
        found.track,
    )


def finding_of(timeline: Timeline, group: Group) -> Finding:
    """What is the same of several tracks as one."""
    from visualizer.analysis.findings import KINDS

    worst, *others = (
        Finding(
            one.kind,
            one.sentence,
            names_of(timeline, one.tracks),
            one.t_ns,
            one.file,
            one.line,
            severity=str(KINDS[one.kind].severity),
            cost_ns=one.cost_ns,
            lost_by=names_of(timeline, one.lost_by),
        )
        for one in (group.worst, *group.others)
    )
    return worst._replace(count=group.tracks, others=tuple(others))


def names_of(timeline: Timeline, tracks: Sequence[int]) -> tuple[str, ...]:
    """The names of those that are known."""
    return tuple(timeline.name(track) for track in tracks if track in timeline.tracks)


def name_of(timeline: Timeline, track: int) -> str | None:
    return timeline.name(track) if track != words.NOBODY and track in timeline.tracks else None


def columns_of(kind: type, values: Sequence[Any]) -> dict[str, list[Any]]:
    """The values, all of one kind, as columns of a table; what is known of a place has columns of its own."""
    names = [of.name for of in fields(kind) if of.repr] if is_dataclass(kind) else list(kind._fields)  # type: ignore[attr-defined]
    columns = {name: [getattr(one, name) for one in values] for name in names if name != "place"}
    if "place" in names:
        places = [one.place or _NOWHERE for one in values]
        for number, name in enumerate(Place._fields):
            columns[name] = [place[number] if place[number] != -1 else None for place in places]
    return columns
