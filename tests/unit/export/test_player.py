"""The page: what it holds, read back from the file; that it is small and the same each time; no text is obeyed."""

from __future__ import annotations

import json
import re
import struct
import zlib
from base64 import b64decode, b64encode
from bisect import bisect_left
from hashlib import sha256
from html.parser import HTMLParser
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given

from tests.unit.analysis.tape import Tape, feed, ping_pong, producer_consumer, sleeps
from tests.unit.export.test_svg import GOLDEN, HOSTILE, crowd
from tests.unit.paint.events import timelines
from visualizer.analysis.explore.causes import standpoint, why
from visualizer.analysis.explore.marks import Mark
from visualizer.analysis.findings import findings
from visualizer.analysis.index.groups import track_group_of
from visualizer.analysis.index.switch_axis import PER_SWITCH, places
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.text.sentences import sentence, sentence_before_first
from visualizer.export import FORMATS, Settings
from visualizer.export.player import content, lanes, steps
from visualizer.paint.panes.arrow_labels import crossing_labels
from visualizer.paint.rows.group_row import group_pieces
from visualizer.paint.rows.order import rows
from visualizer.trace import events as ev
from visualizer.trace import words

#: Into so many parts the way from one switch to the next is divided.
FINE = 255


class Page(HTMLParser):
    """The elements, their attributes, and the text in them."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open = ""
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self._open, data))

    def text(self, tag: str) -> str:
        return "".join(text for opened, text in self.texts if opened == tag)


class Told:
    """What the page is told, unpacked as its script does."""

    def __init__(self, page: bytes) -> None:
        packed = re.search(rb'<script id="packed" type="text/plain">([A-Za-z0-9+/=]*)</script>', page)
        assert packed is not None
        self.size = len(packed[1])
        raw = zlib.decompress(b64decode(packed[1]), -15)
        (length,) = struct.unpack_from("<I", raw)
        self.texts: dict[str, Any] = json.loads(raw[4 : 4 + length])
        self.columns: dict[str, list[int]] = {}
        at = 4 + length
        for name, (count, width) in self.texts["columns"].items():
            planes = raw[at : at + count * width]
            self.columns[name] = [
                sum(planes[plane * count + number] << 8 * plane for plane in range(width)) for number in range(count)
            ]
            at += count * width
        assert at == len(raw)

    @property
    def numbers(self) -> list[int]:
        """Of the switches that are steps, from 0."""
        first = self.texts["first"] - 1
        return [*accumulate((signed(one) + 1 for one in self.columns["number"]), initial=first)][1:]

    @property
    def times(self) -> list[int]:
        return [*accumulate(map(signed, self.columns["t"]), initial=self.texts["begins_ns"])][1:]

    def lanes(self) -> list[list[tuple[int, float, int, list[str]]]]:
        """Of each the slices: start, place along the switches, state, labels."""
        found, at, times, first, numbers = [], 0, self.times, self.texts["first"], self.numbers
        for count in self.texts["lanes"]:
            segment, slices = first, []
            for number in range(at, at + count):
                segment += signed(self.columns["segment"][number])
                before = bisect_left(numbers, segment) - 1
                begins_ns = times[before] if before >= 0 else self.texts["begins_ns"]
                place = segment + self.columns["fraction"][number] / FINE
                labels = self.texts["labels"][self.columns["label"][number]]
                start_ns = begins_ns + signed(self.columns["later"][number])
                slices.append((start_ns, place, self.columns["state"][number], labels))
            found.append(slices)
            at += count
        return found

    @property
    def spoken(self) -> list[str]:
        return [self.texts["sentences"][number] for number in self.columns["sentence"]]


def signed(number: int) -> int:
    return -(number + 1) // 2 if number % 2 else number // 2


def page_of(timeline: Timeline, **wished: Any) -> bytes:
    return FORMATS[".html"](timeline, Settings(**wished))


def told(timeline: Timeline, **wished: Any) -> Told:
    return Told(page_of(timeline, **wished))


@pytest.fixture(scope="module")
def golden() -> Timeline:
    return load(str(GOLDEN / "gevent_sleeps.trace"))[0]


def check_slices(timeline: Timeline, found: Told) -> None:
    lanes = found.lanes()
    for row, shown in zip(found.texts["rows"], rows(timeline), strict=True):
        track = timeline.tracks[shown.track]
        lane = lanes[row["lane"]]
        assert [(start_ns, state) for start_ns, _, state, _ in lane] == [
            *zip(track.slices.start_ns, track.slices.state, strict=True)
        ]
        for (_, place, _, _), exact in zip(lane, places(timeline, track).start, strict=True):
            assert 0 <= exact / PER_SWITCH - place <= 1 / FINE


def test_it_has_the_rows_slices_switches_and_sentences_of_the_timeline(golden: Timeline) -> None:
    for timeline in (golden, producer_consumer().timeline(), sleeps().timeline()):
        found = told(timeline)
        check_slices(timeline, found)
        tracks, count = found.texts["tracks"], timeline.switch_count
        assert found.times == list(timeline.switch_ns)
        assert found.spoken == [sentence_before_first(timeline), *(sentence(timeline, i) for i in range(count))]
        assert [(tracks[a], tracks[b]) for a, b in zip(*map(found.columns.get, ("origin", "target")), strict=True)] == [
            tuple(map(timeline.name, timeline.ends_of(index))) for index in range(count)
        ]
        assert [found.texts["crossings"][number] for number in found.columns["crossing"]] == [
            crossing_labels(timeline, timeline.switch(index)) for index in range(count)
        ]
        assert [tracks[hub] for hub in found.texts["hubs"]] == [
            timeline.name(track.id) for track in timeline.tracks.values() if track.schedules
        ]


def test_what_stands_on_a_slice_and_who_woke_the_track() -> None:
    timeline = sleeps().timeline()
    found = told(timeline)
    labels = {found.texts["tracks"][number]: lane for number, lane in enumerate(found.lanes())}
    assert ["sleep 2 s"] in [said for *_, said in labels["foo"]]
    assert ["gevent.joinall(all)", "joinall(all)"] in [said for *_, said in labels["main"]]
    wakers = [found.texts["tracks"][waker - 1] if waker else "" for waker in found.columns["waker"]]
    targets = [found.texts["tracks"][target] for target in found.columns["target"]]
    assert [*zip(wakers, targets, strict=True)] == [
        ("", "hub"), ("main", "foo"), ("", "hub"), ("main", "bar"), ("", "hub"), ("hub", "bar"), ("", "hub"),
        ("hub", "foo"), ("", "hub"), ("foo", "main"),
    ]


def test_each_switch_leads_to_its_cause() -> None:
    timeline = sleeps().timeline()
    causes = told(timeline).columns["cause"]
    for index, cause in enumerate(causes):
        at = why(timeline, standpoint(timeline, index, timeline.switch_ns[index])).at
        assert cause == (0 if at is None else at.switch + 2)
    assert 1 in causes
    part = Part.between(timeline, timeline.switch_ns[4], timeline.last_ns)
    assert told(timeline, part=part).columns["cause"] == [max(0, cause - 4) for cause in causes[4:]]


def test_the_problems_are_told_each_with_its_switch() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main", creator="main")
    tape.spawn("hog", words.GREENLET, parent="hub", creator="main").switch("main", "hub")
    tape.at(100_000_000).switch("hub", "hog").at(400_000_000).exits("hog").switch("hog", "hub")
    timeline = tape.timeline()
    (hog, at), *others = told(timeline).texts["problems"]
    assert (hog, at) == (next(one.sentence for one in findings(timeline) if one.kind == "hog"), 1)
    before = Part.between(timeline, 0, 50_000_000)
    assert hog not in [sentence for sentence, _ in (*others, *told(timeline, part=before).texts["problems"])]


def test_the_source_stands_beside_each_switch() -> None:
    source = "\n".join(["def run():", *(f"\tf{number:06}()" for number in range(2, 41))])
    tape = Tape().lists(source).spawn("g", words.GENERATOR, creator="main", line=30).resume("g", line=12)
    timeline = tape.yields("g", line=3).resume("g", line=14).exits("g", value="None").timeline()
    found = told(timeline)
    seen = []
    for name in ("running", "suspended"):
        for number in found.columns[name]:
            said, file, line, spans, why = found.texts["positions"][number] or ["", -1, 0, [], ""]
            lines = found.texts["files"][file]["lines"] if file >= 0 else {}
            shown = [lines[str(at)][begin:end] for at, begin, end in spans]
            seen.append((said, lines.get(str(line), "") if not spans else shown[0], why))
    # The trace tells columns 4 to 12 of each line, in bytes: a tab is one.
    assert seen == [
        ("main starts", "", ""), ("g starts", "def run():", ""), ("main resumes", "0012()", ""),
        ("g resumes", "0003()", ""), ("main resumes", "0014()", ""),
        ("", "", ""), ("main is suspended", "0012()", ""), ("g is suspended", "0003()", ""),
        ("main is suspended", "0014()", ""), ("g has ended: returned None", "", ""),
    ]


def test_without_source_it_says_so() -> None:
    found = told(ping_pong().timeline())
    _, file, line, spans, why = found.texts["positions"][found.columns["suspended"][1]]
    assert (found.texts["files"][file], line, spans) == ({"name": "/src/demo.py", "lines": {}}, 9, [])
    assert why == "The trace does not contain its source."


def test_only_the_lines_around_a_position_go_along() -> None:
    source = "\n".join(f"line_{number}()" for number in range(1, 101))
    timeline = Tape().lists(source).spawn("g", words.GENERATOR).resume("g", line=50).yields("g", line=3).timeline()
    [file] = told(timeline).texts["files"]
    assert [*map(int, file["lines"])] == [*range(1, 12), *range(42, 59)]


def test_a_group_is_told_in_pieces_and_with_its_members() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main")
    for number in range(9):
        tape.spawn(f"w{number}", words.GREENLET, "worker", parent="hub", creator="main")
    tape.switch("main", "hub")
    for number in range(9):
        tape.switch("hub", f"w{number}").exits(f"w{number}").switch(f"w{number}", "hub")
    timeline = tape.end().timeline()
    group = track_group_of(timeline, tuple(tape.ids[f"w{number}"] for number in range(9)))
    pieces = group_pieces(timeline, group, 0, timeline.last_ns)
    states = [State(state).name if state >= 0 else "" for state in pieces.state.tolist()]
    assert states[:10] == ["CREATED"] * 9 + ["RUNNING"]
    assert pieces.said[:10] == ["1 has not run yet", *(f"{n} not run yet" for n in range(2, 10)), ""]
    assert (states[-3:], pieces.said[-3:]) == (["CREATED", "RUNNING", "DONE"], ["1 has not run yet", "", ""])
    for t_ns, state, said in zip(pieces.start_ns.tolist(), pieces.state.tolist(), pieces.said, strict=True):
        counts = group.counts(t_ns)
        assert said == "" or said.startswith(f"{counts[State(state)]} ")
        assert (counts[State.RUNNING] > 0) == (state == State.RUNNING)


def test_a_part_begins_and_ends_where_it_does(golden: Timeline) -> None:
    switch_ns = golden.switch_ns
    part = Part.between(golden, switch_ns[4], switch_ns[9])
    page = page_of(golden, part=part)
    found = Told(page)
    assert found.times == list(switch_ns[4:10])
    assert found.spoken == [sentence(golden, index) for index in range(3, 10)]
    assert found.texts["spans"]["switches"] == [4, 11]
    for lane in found.lanes():
        assert all(4 <= place <= 10 for _, place, _, _ in lane)
        assert all(start_ns <= switch_ns[9] for start_ns, *_ in lane)
        assert sum(start_ns < switch_ns[4] for start_ns, *_ in lane) <= 1
    assert " · from " in Page(page).text("p")


def test_a_long_trace_is_summed_up_and_what_is_told_of_it_is_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, limit in {"MOST": 300, "BEGINNING": 40, "_AROUND_ALL": 40, "_AROUND": 3, "_OTHERS": 60}.items():
        monkeypatch.setattr(steps, name, limit)
    monkeypatch.setattr(lanes, "MOST", 400)
    monkeypatch.setattr(content, "_MEMBERS", 0)
    tape = Tape().spawn("a", words.GREENLET, parent="main")
    for number in range(30):
        tape.spawn(f"w{number}", words.GREENLET, "w", parent="main")
    for number in range(300):
        one = f"w{number % 30}"
        tape.switch("main", "a", repr(number)).switch("a", one).switch(one, "main")
    timeline = tape.end().timeline()
    marks = Mark(timeline.switch_ns[456] + 1, "here"), Mark(timeline.last_ns, "end")
    said: list[str] = []
    found = Told(page := page_of(timeline, marks=marks, tell=said.append))
    numbers, count = found.numbers, timeline.switch_count
    assert numbers == sorted({*range(40), *range(453, 460), *range(count - 4, count), *range(0, count, count // 60)})
    assert found.times == [timeline.switch_ns[one] for one in numbers]
    assert found.spoken[1:] == [sentence(timeline, one) for one in numbers]
    assert [(name, numbers[at]) for name, _, at, *_ in found.texts["marks"]] == [("here", 456), ("end", count - 1)]
    tracks, alive, rows = found.texts["tracks"], found.texts["alive"], found.texts["rows"]
    assert [tracks[one] for one in found.columns["target"]] == [
        timeline.name(timeline.switch(one).target) for one in numbers
    ]
    # Too many share a row for it to be unfolded; which row a track is in is told.
    assert [(row["name"], "open" in row) for row in rows] == [("main", False), ("a", False), ("w ×30", False)]
    assert found.texts["homes"] == [[number, 2] for number in range(alive, len(tracks))]
    # Where one can step to every switch each slice is there by itself; what is drawn together is as high as it runs.
    at, known = 0, {-1, *numbers, count}
    for row, lane in zip(rows, found.lanes(), strict=True):
        shares = [(found.columns["ran_ns"][one] - 1) / (FINE - 1) for one in range(at, at + len(lane))]
        at += len(lane)
        assert any(share > 0 for share in shares)
        track = next((one for one in timeline.tracks.values() if timeline.name(one.id) == row["name"]), None)
        if track is None:
            continue
        starts = [*track.slices.start_ns, timeline.last_ns]
        alone = {start_ns: state for (start_ns, _, state, _), share in zip(lane, shares, strict=True) if share < 0}
        assert alone.items() <= dict(zip(starts, track.slices.state, strict=False)).items()
        for start_ns, place in zip(starts, places(timeline, track).start, strict=False):
            assert start_ns in alone or not {place // PER_SWITCH - 1, place // PER_SWITCH} <= known
        for (start_ns, *_), (end_ns, *_), share in zip(lane, lane[1:], shares, strict=False):
            if share >= 0:
                runs = [at for at, state in enumerate(track.slices.state) if state == State.RUNNING]
                ran_ns = sum(max(0, min(starts[one + 1], end_ns) - max(starts[one], start_ns)) for one in runs)
                assert 0 <= share - ran_ns / (end_ns - start_ns) <= 1 / (FINE - 1)
    assert sum(found.texts["lanes"]) < 1_000
    assert any("every 15th of the others" in note for note in said)
    assert "\n".join(said) in Page(page).text("p")


def test_it_is_small_and_the_same_each_time() -> None:
    timeline = crowd(5_000)
    page = page_of(timeline)
    assert page == page_of(timeline)
    found = Told(page)
    assert sum(found.texts["lanes"]) > 10_000
    assert found.size < 25_000
    assert len(page) - found.size < 80_000


def check_inert(page: bytes) -> Page:
    found = Page(page)
    written = [attrs for tag, attrs in found.found if tag == "script"]
    assert written == [{"id": "packed", "type": "text/plain"}, {}]
    assert not any(name.startswith("on") or name in ("src", "href", "style") for _, a in found.found for name in a)
    script, style = re.findall(rb"<(script|style)>(.*?)</\1>", page, re.DOTALL)[::-1]
    [rules] = [a["content"] or "" for _, a in found.found if a.get("http-equiv") == "Content-Security-Policy"]
    hashes = [f"sha256-{b64encode(sha256(text).digest()).decode()}" for _, text in (style, script)]
    assert rules == f"default-src 'none'; base-uri 'none'; style-src '{hashes[0]}'; script-src '{hashes[1]}'"
    return found


@given(timelines(HOSTILE))
def test_no_text_of_a_trace_is_obeyed_and_no_trace_is_too_odd(timeline: Timeline) -> None:
    page = page_of(timeline)
    check_inert(page)
    found = Told(page)
    check_slices(timeline, found)
    assert found.spoken[1:] == [sentence(timeline, i)[:400] for i in range(timeline.switch_count)] or any(
        len(sentence(timeline, i)) > 400 for i in range(timeline.switch_count)
    )


def test_the_title_is_text() -> None:
    timeline = Timeline()
    name = "</title><script>alert(1)</script>%%packed%%&amp;\x1b[2J\u202e\ud800" + "x" * 1_000_000
    timeline.header = ev.Header(words.FORMAT, words.VERSION, target=name, python="")
    feed(timeline, [ev.Note(0, "<img src=x onerror=alert(1)>")])
    page = page_of(timeline)
    found = check_inert(page)
    assert len(page) < 100_000
    assert found.text("h1").startswith("</title><script>alert(1)</script>%%packed%%&amp;␛[2J\ufffd\ufffdxxx")
    assert "<img src=x onerror=alert(1)>" in found.text("p")


def test_its_script_makes_no_html_and_asks_no_network(golden: Timeline) -> None:
    page = page_of(golden).decode()
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "fetch(", "XMLHttp", "://"):
        assert forbidden not in page, forbidden
