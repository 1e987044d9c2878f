"""Formats that have the events themselves, read back by those whose formats they are."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.unit.analysis.tape import Tape, producer_consumer, sleeps
from visualizer.analysis.explore.marks import Mark
from visualizer.analysis.model.timeline import FINAL, State, Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.report.jsonl import records
from visualizer.export import FORMATS, Settings, bars, tables
from visualizer.export.bars import bars_of, tracks_of
from visualizer.trace import words

#: Each would do something, somewhere, if it were not made inert.
HOSTILE = '=cmd|"x";end #quot; `code` <script>alert(1)</script> [a](http://b) \x1b[2J\u202e\ud800 @user %%{init}'
GOLDEN = Path(__file__).parents[2] / "golden"


def hostile() -> Timeline:
    tape = Tape().spawn(HOSTILE, words.GENERATOR, creator="main", line=1)
    return tape.resume(HOSTILE, words.SEND, HOSTILE).yields(HOSTILE, HOSTILE).timeline()


def made(suffix: str, timeline: Timeline, **wishes: Any) -> bytes:
    return FORMATS[suffix](timeline, Settings(**wishes))


def shown(timeline: Timeline, part: Part | None = None) -> list[tuple[str, str, int, int]]:
    """(track, state, from, to) of each slice that is exported: those of the model."""
    part = part or Part.whole(timeline)
    found = []
    for track in timeline.tracks.values():
        slices = track.slices
        for at, (state, start_ns) in enumerate(zip(slices.state, slices.start_ns, strict=True)):
            end_ns = slices.start_ns[at + 1] if at + 1 < len(slices) else timeline.last_ns
            if state not in FINAL and end_ns >= part.start_ns and start_ns <= part.end_ns:
                name = timeline.name(track.id)
                cut = max(start_ns, part.start_ns), min(end_ns, part.end_ns)
                found.append((name, State(state).name, *cut))
    return sorted(found)


def test_bars_are_the_slices_of_the_model_cut_off_at_the_ends_of_the_part() -> None:
    timeline = sleeps().timeline()
    for part in (Part.whole(timeline), Part.between(timeline, 3_000, 11_000)):
        found = [
            (timeline.name(bars.track.id), State(state).name, start_ns, end_ns)
            for bars in bars_of(part, tracks_of(part))
            for state, start_ns, end_ns in zip(bars.state, bars.start_ns, bars.end_ns, strict=True)
        ]
        assert sorted(found) == shown(timeline, part)


def test_a_mermaid_diagram_has_an_arrow_for_each_switch() -> None:
    assert made(".mmd", producer_consumer().timeline(), title="A talk").decode() == (
        "---\n"
        'title: "A talk"\n'
        "---\n"
        "sequenceDiagram\n"
        "    participant t0 as main\n"
        "    participant t1 as consumer\n"
        "    t0->>t1: next()\n"
        "    t1->>t0: yield #39;#39;\n"
        "    t0->>t1: send 1\n"
        "    t1->>t0: yield #39;200 OK#39;\n"
        "    t0->>t1: send 2\n"
        "    t1->>t0: yield #39;200 OK#39;\n"
        "    t0->>t1: close()\n"
        "    t1-->>t0: close()\n"
    )


MARKS = (Mark(0, "begin"), Mark(4_000, "a [value]", "goes & comes; end"))


def test_marks_are_notes_in_mermaid_and_headings_in_markdown() -> None:
    timeline = producer_consumer().timeline()
    notes = made(".mmd", timeline, marks=MARKS).decode().splitlines()
    assert notes[3:8] == [
        "    Note over t0,t1: begin",
        "    t0->>t1: next()",
        "    t1->>t0: yield #39;#39;",
        "    Note over t0,t1: a #91;value#93;#58; goes #38; comes#59; #101;nd",
        "    t0->>t1: send 1",
    ]
    text = made(".md", timeline, marks=MARKS).decode()
    assert "\n## begin\n\n1. " in text
    assert "\n## a \\[value\\]\n\ngoes \\& comes; end\n\n3. " in text


def test_nothing_in_a_name_or_value_means_anything_to_mermaid() -> None:
    lines = made(".mmd", hostile()).decode().splitlines()
    assert lines[0] == "sequenceDiagram"
    for line in lines[1:]:
        text = re.sub("#[0-9]+;", "", re.split(" as |: ", line, maxsplit=1)[1])
        assert not re.search(r"[;#:%<>{}\[\]\"`@]|\bend\b", text), line
        assert text.isprintable()


def test_what_is_too_long_for_mermaid_is_refused_with_a_part_that_is_not(tmp_path: Path) -> None:
    tape = Tape().spawn("ticker", words.GENERATOR, creator="main")
    for number in range(4_000):
        tape.resume("ticker", words.SEND, str(number)).yields("ticker", str(number))
    timeline = tape.timeline()
    with pytest.raises(ValueError, match=r"^Mermaid draws at most 75,000 characters, and these 8,000 switches") as told:
        made(".mmd", timeline)
    fitting = int(re.findall(r"FILE@#1-#(\d+)", str(told.value))[0])
    part = Part(timeline, 0, timeline.last_ns, 0, fitting)
    assert 50_000 < len(made(".mmd", timeline, part=part)) <= 75_000


def test_a_list_in_markdown_is_numbered_as_the_switches_are() -> None:
    timeline = producer_consumer().timeline()
    lines = made(".md", timeline, part=Part(timeline, 2_000, timeline.last_ns, 2, 4)).decode().splitlines()
    assert lines[0].startswith("# ")
    assert [line for line in lines if re.match(r"\d", line)] == [
        "3. `0.000004 s` main sends 1 to consumer → consumer runs",
        "4. `0.000005 s` consumer yields '200 OK' → main runs",
    ]


def test_nothing_in_a_sentence_is_markup() -> None:
    text = made(".md", hostile()).decode()
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert "@user" not in text
    assert "](" not in text.replace("\\](", "")
    assert all(line.isprintable() for line in text.splitlines())


def test_a_long_list_says_what_it_leaves_out() -> None:
    tape = Tape().spawn("ticker", words.GENERATOR, creator="main")
    for _ in range(1_003):
        tape.resume("ticker", words.NEXT).yields("ticker", "1")
    told: list[str] = []
    text = made(".md", tape.timeline(), tell=told.append).decode()
    assert told == ["6 more switches are left out: a list has 2,000 at most."]
    assert text.endswith("\n… 6 more switches are left out.\n")
    assert "\n2000. " in text
    assert "\n2001. " not in text


def test_perfetto_has_each_track_its_states_and_its_wakes() -> None:
    """Read with Perfetto's own schema."""
    schema = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
    timeline = sleeps().timeline()
    trace = schema.Trace()
    trace.ParseFromString(made(".pftrace", timeline, title="A talk"))
    assert trace.packet[0].sequence_flags == 3
    assert trace.packet[0].track_descriptor.process.process_name == "A talk"
    names: dict[int, str] = {}
    tracks: dict[int, str] = {}
    stacks: dict[int, list[tuple[str, int]]] = defaultdict(list)
    found, flows = [], Counter[tuple[str, int]]()
    # A viewer sorts by time, and keeps the order of what is of the same.
    for packet in trace.packet:
        names |= {entry.iid: entry.name for entry in packet.interned_data.event_names}
        if packet.HasField("track_descriptor") and packet.track_descriptor.parent_uuid:
            tracks[packet.track_descriptor.uuid] = packet.track_descriptor.name
    for packet in sorted(trace.packet, key=lambda packet: packet.timestamp):
        if not packet.HasField("track_event"):
            continue
        event = packet.track_event
        stack = stacks[event.track_uuid]
        flows.update([("begin", flow) for flow in event.flow_ids])
        flows.update([("end", flow) for flow in event.terminating_flow_ids])
        if event.type == schema.TrackEvent.TYPE_SLICE_BEGIN:
            assert not stack, "states do not overlap"
            stack.append((names[event.name_iid], packet.timestamp))
        elif event.type == schema.TrackEvent.TYPE_SLICE_END:
            name, start_ns = stack.pop()
            found.append((tracks[event.track_uuid], name, start_ns, packet.timestamp))
    assert not any(stacks.values())
    assert sorted((track, *times) for track, _, *times in found) == sorted(
        (track, *times) for track, _, *times in shown(timeline)
    )
    assert {("foo", "sleep 2 s"), ("main", "running"), ("hub", "idle")} <= {(track, name) for track, name, *_ in found}
    known = [wakeup for wakeup in timeline.wakeups if wakeup.waker != words.NOBODY]
    assert flows == Counter((end, number + 1) for number in range(len(known)) for end in ("begin", "end"))


def test_chromes_events_have_each_track_its_states_and_its_wakes() -> None:
    timeline = sleeps().timeline()
    events = json.loads(made(".json", timeline))["traceEvents"]
    names = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    found = [
        (names[event["tid"]], event["cat"].upper(), round(event["ts"] * 1e3), round((event["ts"] + event["dur"]) * 1e3))
        for event in events
        if event["ph"] == "X"
    ]
    assert sorted(found) == shown(timeline)
    known = [wakeup for wakeup in timeline.wakeups if wakeup.waker != words.NOBODY]
    for phase, ends in (("s", [wakeup.waker for wakeup in known]), ("f", [wakeup.track for wakeup in known])):
        assert sorted((event["id"], event["tid"]) for event in events if event["ph"] == phase) == list(enumerate(ends))


def long_trace() -> Timeline:
    """Two short waits of a hundred each, a long one, and as many once more."""
    tape = Tape().spawn("g", words.GREENLET, parent="main")
    for round_ns in (0, 10_000_000):
        tape.at(tape.t_ns + round_ns + 1_000)
        for _ in range(100):
            tape.switch("main", "g").wake("g", "main", "callback").switch("g", "main")
    return tape.timeline()


def test_what_is_short_is_drawn_together_if_there_is_too_much_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    timeline = long_trace()
    part = Part.whole(timeline)
    whole = [*bars_of(part, tracks_of(part))]
    told: list[str] = []
    assert (bars.for_viewers(part, (), told.append), told) == (whole, [])
    monkeypatch.setattr(bars, "MOST_SLICES", 60)
    made_ = bars.for_viewers(part, (), told.append)
    assert told == ["Slices shorter than 22.1 µs are drawn together; --from and --to show a part in full."]
    assert sum(len(one.state) for one in whole) > 400
    assert sum(len(one.state) for one in made_) <= 60
    for one, other in zip(made_, whole, strict=True):
        assert one.are_together
        assert (one.start_ns[0], one.end_ns[-1]) == (other.start_ns[0], other.end_ns[-1])
        assert one.start_ns[1:] == one.end_ns[:-1]
        lasting = {
            (begin, end, label)
            for begin, end, label in zip(other.start_ns, other.end_ns, other.label, strict=True)
            if end - begin > 1_000_000
        }
        assert lasting
        assert lasting <= {*zip(one.start_ns, one.end_ns, one.label, strict=True)}
        assert {label for label in one.label if label.startswith("mostly ")}
    events = json.loads(made(".json", timeline))["traceEvents"]
    flows = Counter(event["ph"] for event in events if event["ph"] in "sf")
    assert flows["s"] == flows["f"] < 200
    small = Part.between(timeline, 0, 20_000)
    told.clear()
    assert (bars.for_viewers(small, (), told.append), told) == ([*bars_of(small, tracks_of(small))], [])


def test_of_many_tracks_the_first_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bars, "MOST_TRACKS", 2)
    told: list[str] = []
    events = json.loads(made(".json", sleeps().timeline(), tell=told.append))["traceEvents"]
    assert [event["args"]["name"] for event in events if event["name"] == "thread_name"] == ["main", "hub"]
    assert told == ["Only the first 2 of 4 tracks are there; --tracks chooses others."]


@pytest.mark.parametrize("table", ["events", "slices"])
def test_a_long_table_is_cut(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    timeline = long_trace()
    whole = made(".csv", timeline, table=table).splitlines()
    # Events come in blocks of some thousands.
    monkeypatch.setattr("visualizer.analysis.model.timeline.AT_ONCE", 16)
    monkeypatch.setattr(tables, "MOST_ROWS", 100)
    told: list[str] = []
    cut = made(".csv", timeline, table=table, tell=told.append).splitlines()
    assert 100 <= len(cut) - 1 < 132
    assert re.fullmatch(
        r"The table is cut (after 1\d\d rows|at 0\.000\d{3} s): --from and --to choose another part\.", told[0]
    )
    # Of slices, the last of each track is cut off.
    assert len({*cut} - {*whole}) == (2 if table == "slices" else 0)


def test_only_some_tracks() -> None:
    events = json.loads(made(".json", sleeps().timeline(), rows=("foo",)))["traceEvents"]
    assert [event["args"]["name"] for event in events if event["name"] == "thread_name"] == ["foo"]
    assert not [event for event in events if event["ph"] in "sf"], "the hub that wakes it is not there"
    with pytest.raises(ValueError, match=r"^There is no track 'nobody' there$"):
        made(".json", sleeps().timeline(), rows=("nobody",))


TABLES = ("events", "switches", "waits", "wakes", "slices")


@pytest.mark.parametrize("table", TABLES)
def test_parquet_and_csv_have_the_same_table(table: str, tmp_path: Path) -> None:
    """Read by DuckDB and Polars."""
    duckdb, polars = pytest.importorskip("duckdb"), pytest.importorskip("polars")
    timeline = sleeps().timeline()
    path = tmp_path / "x.parquet"
    path.write_bytes(made(".parquet", timeline, table=table))
    read = duckdb.sql(f"select * from '{path}'")
    lines = list(csv.reader(io.StringIO(made(".csv", timeline, table=table).decode())))
    assert lines[0] == read.columns
    rows = read.fetchall()
    assert polars.read_parquet(path).rows() == rows
    assert lines[1:] == [["" if value is None else str(value) for value in row] for row in rows]
    if table == "slices":
        found = [(row[1], row[2], round(row[4] * 1e9), round(row[5] * 1e9)) for row in rows]
        assert sorted(found) == shown(timeline)
    else:
        kind = {"switches": "switch", "waits": "wait", "wakes": "wake"}.get(table)
        every = [one for one in records(timeline) if kind in (None, one["event"])]
        assert len(rows) == len(every) > 0
        for row, record in zip(rows, every, strict=True):
            told = dict(zip(read.columns, row, strict=True))
            assert {name: value for name, value in record.items() if not isinstance(value, dict)} == {
                name: told.get(name) for name, value in record.items() if not isinstance(value, dict)
            }


def test_a_spreadsheet_calculates_nothing() -> None:
    rows = list(csv.reader(io.StringIO(made(".csv", hostile(), table="switches").decode())))
    texts = [text for row in rows for text in row if "cmd|" in text]
    assert len(texts) > 2
    assert all(text.startswith("'=cmd|") and text.isprintable() for text in texts)


def test_an_empty_trace() -> None:
    for suffix in (".mmd", ".md", ".pftrace", ".json", ".csv", ".parquet"):
        made(suffix, Timeline())
