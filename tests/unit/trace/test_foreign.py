"""Traces of other tools: what they say is shown, what they do not say is not made up, and whatever stands in them is
read as far as it goes."""

from __future__ import annotations

import io
import json
import random
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.tape import Tape
from tests.unit.paint.events import timelines
from visualizer.analysis.findings import findings, none_found
from visualizer.analysis.load.loader import Loader, load
from visualizer.analysis.model.timeline import FINAL, State, Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.text.all_sentences import AllSentences
from visualizer.analysis.text.sentences import describe_state, sentence
from visualizer.export import FORMATS, Settings, View
from visualizer.export.bars import bars_of, tracks_of
from visualizer.trace import words
from visualizer.trace.source import Source, TraceError
from visualizer.trace.varint import varint

GOLDEN = Path(__file__).parents[2] / "golden"
EXPORTS = (".json", ".pftrace")


def opened(path: Path, content: bytes | list[Any] | dict[str, Any]) -> tuple[Timeline, str]:
    """The model of a file with that content, and what is said of it."""
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    timeline, notices = load(str(path))
    [notice] = notices
    return timeline, notice


def states(timeline: Timeline, name: str) -> list[tuple[int, str]]:
    [track] = [track for track in timeline.tracks.values() if timeline.name(track.id) == name]
    return [(t_ns, State(state).name) for t_ns, state in zip(track.slices.start_ns, track.slices.state, strict=True)]


def slices(timeline: Timeline) -> dict[str, list[tuple[str, int, int, str]]]:
    """Of each track what an export says: state, start, end and label of each slice; what is unknown is not told."""
    part = Part.whole(timeline)
    return {
        timeline.name(bars.track.id): [
            (State(state).name, start_ns, end_ns, label)
            for state, start_ns, end_ns, label in zip(bars.state, bars.start_ns, bars.end_ns, bars.label, strict=True)
            if state != State.UNKNOWN
        ]
        for bars in bars_of(part, tracks_of(part))
    }


def wakes(timeline: Timeline) -> set[tuple[int, str, str, str]]:
    """Those that began a slice, which an export has."""
    begun = {
        about
        for track in timeline.tracks.values()
        for state, about in zip(track.slices.state, track.slices.about, strict=True)
        if state == State.READY
    }
    return {
        (one.t_ns, timeline.name(one.waker), timeline.name(one.track), one.cause)
        for one in (timeline.wakeups[number] for number in begun)
    }


def handing_over() -> Timeline:
    """Waits, wakes, a hub that polls and is blocked, two that run at no time."""
    tape = Tape().spawn("hub", words.HUB, parent="main", creator="main")
    for name in ("hog", "other"):
        tape.spawn(name, words.GREENLET, name, parent="hub", creator="main").wake(name, "main", words.SPAWN)
    tape.switch("main", "hub").switch("hub", "hog").at(400_000_000).waits("hog", words.SLEEP, asked_ns=50_000_000)
    tape.switch("hog", "hub").switch("hub", "other").exits("other").switch("other", "hub")
    return tape.wake("hog", "hub", words.TIMER).switch("hub", "hog").exits("hog").switch("hog", "hub").timeline()


@pytest.mark.parametrize("suffix", EXPORTS)
@pytest.mark.parametrize("scenario", ["gevent_sleeps", "ping_pong", "producer_consumer", "sync_vs_async"])
def test_what_we_export_is_what_we_open(tmp_path: Path, scenario: str, suffix: str) -> None:
    before = load(str(GOLDEN / f"{scenario}.trace"))[0]
    after, notice = opened(tmp_path / "a", FORMATS[suffix](before, Settings()))
    assert "visualizer exported" in notice
    assert slices(after) == slices(before)
    assert wakes(after) == wakes(before)
    ends = [
        [(before.name(one.origin), before.name(one.target)) for one in map(before.switch, range(before.switch_count))],
        [(after.name(one.origin), after.name(one.target)) for one in map(after.switch, range(after.switch_count))],
    ]
    assert len(ends[0]) == len(ends[1])
    # At one moment, two that follow each other cannot be told apart.
    assert sum(one != other for one, other in zip(*ends, strict=True)) <= 2
    assert findings(after) == []
    assert AllSentences(after).said(0, after.switch_count) == [sentence(after, at) for at in range(after.switch_count)]
    for other in EXPORTS:
        assert FORMATS[other](after, Settings()), "it can be exported again"


@pytest.mark.parametrize("suffix", EXPORTS)
def test_a_blocked_hub_and_what_begins_and_ends_at_one_moment_come_back(tmp_path: Path, suffix: str) -> None:
    before = handing_over()
    assert State.BLOCKED in before.occurred
    after, _ = opened(tmp_path / "a", FORMATS[suffix](before, Settings()))
    assert [describe_state(after, hub, 300_000_000) for hub in after.tracks if after.name(hub) == "hub"] == [
        "hub has been blocked for 0.3 s: hog runs without yielding"
    ]
    assert slices(after) == slices(before)
    assert wakes(after) == wakes(before)
    # A trace may be read in pieces of any size: rows of one moment are divided, too.
    assert {one.number for one in after.tracks.values()} == {1}


def chrome(*events: dict[str, Any]) -> list[dict[str, Any]]:
    named = {"ph": "M", "name": "thread_name", "pid": 1, "tid": 1, "args": {"name": "Main"}}
    return [named, *({"pid": 1, "tid": 1, "name": "call", "cat": "any", **event} for event in events)]


def perfetto(*packets: bytes) -> bytes:
    return b"".join(b"\x0a" + varint(len(packet)) + packet for packet in packets)


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def event(t_ns: int, kind: int, track: int, more: bytes = b"") -> bytes:
    return field(8, t_ns) + field(10, 1) + field(11, field(9, kind) + field(11, track) + more)


def test_a_track_runs_while_a_slice_lasts_and_what_it_does_between_is_not_known(tmp_path: Path) -> None:
    """In any order, complete or in two halves, with calls inside of calls."""
    content = chrome(
        {"ph": "X", "ts": 50, "dur": 10, "name": "second"},
        {"ph": "X", "ts": 12, "dur": 3, "name": "inside"},
        {"ph": "X", "ts": 10, "dur": 20, "name": "first"},
        {"ph": "B", "ts": 15, "tid": 2}, {"ph": "B", "ts": 16, "tid": 2}, {"ph": "E", "ts": 17, "tid": 2},
        {"ph": "E", "ts": 18, "tid": 2}, {"ph": "E", "ts": 19, "tid": 2},
        {"ph": "b", "ts": 20, "id": "0x1", "name": "request"}, {"ph": "e", "ts": 60, "id": "0x1", "name": "request"},
        {"ph": "i", "ts": 30}, {"ph": "C", "ts": 30}, {"ph": "X", "ts": "never"},
    )
    timeline, notice = opened(tmp_path / "a.trace", {"metadata": {"a": "["}, "traceEvents": content, "after": [1]})
    assert states(timeline, "Main") == [(0, "RUNNING"), (20_000, "UNKNOWN"), (40_000, "RUNNING")]
    assert states(timeline, "thread 2") == [(5_000, "RUNNING"), (8_000, "UNKNOWN")]
    assert states(timeline, "request 0x1") == [(10_000, "RUNNING")]
    assert timeline.last_ns == 50_000
    assert [sentence(timeline, at) for at in range(timeline.switch_count)] == [
        "the slice call begins → thread 2 runs for the first time",
        "the slice request begins → request 0x1 runs for the first time",
        "the slice second begins → Main runs",
    ]
    # Nobody is said to have handed over, to wait, to have woken anybody, or to have ended.
    assert all(one.origin == one.target for one in map(timeline.switch, range(timeline.switch_count)))
    assert [len(timeline.suspensions), len(timeline.wakeups), len(timeline.exits)] == [0, 0, 0]
    assert not timeline.occurred & {State.WAITING, State.READY, *FINAL}
    for view in (View.TIMELINE, View.SEQUENCE):
        picture = FORMATS[".svg"](timeline, Settings(view=view)).decode()
        assert "second" in picture
        assert "url(#arrow)" not in picture
    assert "What it does between, waits, values, lines and ends are not known, nor wakes unless a flow says" in notice
    assert "(2 inside of others, calls, are not told apart)" in notice
    assert "Left out: counters (1), events without a time (1), instants (1)." in notice


def test_flows_say_who_woke_whom(tmp_path: Path) -> None:
    content = chrome(
        {"ph": "X", "ts": 0, "dur": 10}, {"ph": "X", "ts": 20, "dur": 10, "tid": 2},
        {"ph": "f", "ts": 20, "id": 7, "tid": 2, "bp": "e"}, {"ph": "s", "ts": 5, "id": 7},
    )
    timeline, _ = opened(tmp_path / "a", content)
    assert [(one.t_ns, timeline.name(one.waker), timeline.name(one.track), one.cause) for one in timeline.wakeups] == [
        (5_000, "Main", "thread 2", words.UNKNOWN)
    ]
    assert sentence(timeline, 0) == "a flow leads from Main to the slice call → thread 2 runs for the first time"


def test_perfetto_names_clocks_and_threads_of_others(tmp_path: Path) -> None:
    """Interned names that a packet clears, a clock of the sequence that counts from packet to packet, a default track,
    threads of a process that is named by its number, and packets that are none of ours."""
    thread = field(60, field(1, 5) + field(4, field(1, 99) + field(2, 7) + field(5, b"worker")))
    clock = field(6, field(1, field(1, 64) + field(2, 1_000) + field(3, 1) + field(4, 1_000)))
    defaults = field(59, field(58, 64) + field(11, field(11, 5)))
    names = field(12, field(2, field(1, 1) + field(2, b"poll")))
    timeline, notice = opened(
        tmp_path / "a",
        perfetto(
            field(10, 1) + field(13, 1) + clock + defaults + names + thread,
            field(8, 1) + field(10, 1) + field(11, field(9, 1) + field(10, 1)),
            field(8, 4) + field(10, 1) + field(11, field(9, 2)),
            field(8, 2) + field(10, 1) + field(11, field(9, 1) + field(23, b"again")),
            field(8, 1) + field(10, 1) + field(11, field(9, 2)),
            field(8, 9) + field(10, 1) + field(11, field(9, 4)),
            field(1, b"something else"),
        ),
    )
    assert states(timeline, "worker") == [(0, "RUNNING"), (4_000, "UNKNOWN"), (6_000, "RUNNING")]
    assert [sentence(timeline, at) for at in range(timeline.switch_count)] == ["the slice again begins → worker runs"]
    assert notice.startswith("This is a Perfetto trace")
    assert notice.endswith("Left out: counters (1), packets of other kinds (1).")


GOOD = {
    "chrome": json.dumps({"traceEvents": chrome(*({"ph": "X", "ts": at, "dur": 1} for at in range(200)))}).encode(),
    "perfetto": perfetto(*(event(at // 2 * 5 + at % 2, 1 + at % 2, 3, field(23, b"call")) for at in range(400))),
}


@pytest.mark.parametrize("kind", GOOD)
def test_it_is_read_as_far_as_it_goes(tmp_path: Path, kind: str) -> None:
    good = GOOD[kind]
    whole, notice = opened(tmp_path / "whole", good)
    assert whole.switch_count == 199
    assert notice.endswith("problems are not looked for.")
    cut, notice = opened(tmp_path / "cut", good[: len(good) // 2])
    assert 80 < cut.switch_count < 120
    assert "It ends in the middle: it is shown up to there." in notice
    damaged, notice = opened(tmp_path / "damaged", good[: len(good) // 2] + b"\xff\x07}{" * 9 + good[len(good) // 2 :])
    assert 80 < damaged.switch_count < 120
    assert "It is damaged" in notice or "cannot be read" in notice


@pytest.mark.parametrize("kind", GOOD)
def test_whatever_bytes_there_are_it_opens_or_says_why_not(tmp_path: Path, kind: str) -> None:
    luck, good, path = random.Random(kind), GOOD[kind], tmp_path / "a"
    read = 0
    for _ in range(60):
        content = bytearray(good[: luck.randrange(40, 3_000)])
        for _ in range(luck.randrange(1, 6)):
            at = luck.randrange(2, len(content))
            wrong = luck.choice((b"\xff" * 9, b"[" * 9, b'"', b"}", b"\x00", b"-1e999", b""))
            content[at : at + luck.randrange(4)] = wrong
        path.write_bytes(content)
        try:
            timeline, notices = load(str(path))
        except TraceError:
            continue  # It does not even begin like one.
        read += 1
        assert len(notices) == 1
        for at in range(timeline.switch_count):
            sentence(timeline, at)
    assert read > 10


@pytest.mark.parametrize(
    "content",
    [
        b'{"traceEvents": ' + b"[" * 200_000,
        b'{"traceEvents": [' + b'{"a":' * 200_000,
        b'[{"ph":"X","ts":NaN},{"ph":"X","ts":1e400,"pid":[],"tid":{}},{"ph":{}},{"ph":"M","args":3}',
        b'[{"ph":"X","ts":-1e17,"dur":-5},{"ph":"X","ts":1e17,"dur":1e300},{"ph":"E","ts":1},{"ph":"B","ts":1}]',
        b"[]",
        perfetto(field(50, b"x\x9c" + b"\x00" * 99)),
        perfetto(field(8, 2**63) + field(11, field(9, 1)), event(5, 1, 2**64 - 1), event(1, 2, 2**64 - 1)),
        perfetto(field(60, b"\xff"), struct.pack("<QQ", 1, 2)),
    ],
)
def test_what_is_hostile_says_so_and_does_no_harm(tmp_path: Path, content: bytes) -> None:
    timeline, notice = opened(tmp_path / "a", content)
    assert timeline.switch_count <= 2
    assert notice
    assert none_found(timeline) == "Problems are not looked for in another tool's trace."


def test_memory_grows_with_what_is_shown_and_not_with_the_file(tmp_path: Path) -> None:
    """What is in the arguments of events is passed over."""
    path, most = tmp_path / "a", []
    for length in (2_000, 8_000):
        more = {"dur": 1, "args": {"text": "x" * length}}
        path.write_text(json.dumps(chrome(*({"ph": "X", "ts": at, **more} for at in range(3_000)))))
        load(str(path))
        tracemalloc.start()
        try:
            load(str(path))
            most.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert path.stat().st_size > 24_000_000
    assert most[1] < 1.25 * most[0] < 24 << 20


@pytest.mark.parametrize("kind", GOOD)
def test_it_comes_through_a_pipe_in_small_pieces(kind: str) -> None:
    class Pieces(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(7, size or 7))

    with Source(Pieces(GOOD[kind]), "pipe") as source:
        loader = Loader(columnizer=source.columnizer)
        for lines in source.lines():
            loader.take(lines)
        assert source.header is not None
        assert loader.timeline.switch_count == 199
        assert len(source.notices) == 1


@pytest.mark.parametrize(
    "content", [b"\n{}\n", b"\nPython\n", b'{"a": ["traceEvents"]}', b"[1, 2]", b"[[]]", b"\x0a\x00"]
)
def test_what_only_looks_like_it_is_no_trace(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(TraceError, match=r"^'a' is not a trace"):
        load(str(tmp_path / "a"))


@given(timelines(), st.sampled_from(EXPORTS))
def test_whatever_we_export_is_what_we_open(before: Timeline, suffix: str) -> None:
    content = FORMATS[suffix](before, Settings())
    if not content:
        return  # Without tracks there is nothing that Perfetto's file could say.
    with Source(io.BytesIO(content), "a") as source:
        loader = Loader(columnizer=source.columnizer)
        for lines in source.lines():
            loader.take(lines)
    after = loader.timeline
    for track in after.tracks:
        for t_ns in (0, after.last_ns // 2, after.last_ns):
            describe_state(after, track, t_ns)
    assert AllSentences(after).said(0, after.switch_count) == [sentence(after, at) for at in range(after.switch_count)]
    # Its times count from its first slice.
    told = [known for known in slices(before).values() if known]
    zero_ns = min((known[0][1] for known in told), default=0)
    moved = [[(state, start - zero_ns, end - zero_ns, label) for state, start, end, label in one] for one in told]
    assert sorted(moved) == sorted(known for known in slices(after).values() if known)
