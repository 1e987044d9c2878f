"""The views beside the timeline as drawings: the same as on the screen, in vectors."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.unit.analysis.tape import Tape, ping_pong, producer_consumer, sleeps
from tests.unit.export.test_svg import SVG, crowded, texts
from visualizer.analysis.explore.wait_graph import moment_at
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.text.sentences import sentence
from visualizer.export import FORMATS, Settings, View
from visualizer.paint.panes.wait_graph import graph
from visualizer.paint.text.palette import LIGHT
from visualizer.trace import words


def drawn(timeline: Timeline, settings: Settings) -> ElementTree.Element:
    return ElementTree.fromstring(FORMATS[".svg"](timeline, settings))


def lines(root: ElementTree.Element) -> list[str]:
    """The texts that are made of runs."""
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text") if text.find(f"{SVG}tspan") is not None]


def arrows(root: ElementTree.Element) -> list[tuple[float, float, str, str]]:
    """From where to where each goes, what stands over it, and its tooltip; from top to bottom."""
    found = []
    for group in root.iter(f"{SVG}g"):
        path = group.find(f"{SVG}path")
        if path is not None:
            start, end = path.get("d", "").split(" ")[0][1:], path.get("d", "").rpartition("H")[2]
            said = group.findtext(f"{SVG}text") or ""
            found.append((float(start), float(end), said, group.findtext(f"{SVG}title") or ""))
    return found


def test_a_sequence_has_an_arrow_for_each_switch_from_lifeline_to_lifeline() -> None:
    timeline = producer_consumer().timeline()
    root = drawn(timeline, Settings(view=View.SEQUENCE))
    found = arrows(root)
    assert [said for _, _, said, _ in found] == [
        "next()", "yield ''", "send 1", "yield '200 OK'", "send 2", "yield '200 OK'", "close()", "close()",
    ]
    assert [tooltip for _, _, _, tooltip in found] == [sentence(timeline, index) for index in range(8)]
    names = [text for text in root.iter(f"{SVG}text") if text.text in ("main", "consumer")]
    left, right = sorted(float(text.get("x", 0)) for text in names)
    assert [start < end for start, end, _, _ in found] == [True, False] * 4
    assert all(left < min(start, end) < max(start, end) < right for start, end, *_ in found)
    said = texts(root)
    assert {"#1", "#8", "running", "waiting", "ended", sentence(timeline, 2)} <= set(said)
    assert "ready, not running" not in said


def test_a_lifeline_shows_what_its_track_does_between_two_switches() -> None:
    root = drawn(ping_pong().timeline(), Settings(view=View.SEQUENCE, legend=False))
    ys = [float(text.get("y", 0)) - 4.5 for text in root.iter(f"{SVG}text") if (text.text or "").startswith("#")]
    bars = [bar for bar in root.iter(f"{SVG}rect") if bar.get("fill") == LIGHT["running"].colour]
    runs = sorted((float(bar.get("y", 0)), float(bar.get("height", 0))) for bar in bars)
    assert [round(y + height, 2) for y, height in runs[:-1]] == [round(y, 2) for y in ys]
    assert [round(y, 2) for y, _ in runs[1:]] == [round(y, 2) for y in ys]


def test_a_sequence_of_some_tracks_has_the_switches_that_these_take_part_in() -> None:
    timeline = sleeps().timeline()
    root = drawn(timeline, Settings(view=View.SEQUENCE, rows=("hub", "bar"), selected="bar"))
    told = [tooltip for *_, tooltip in arrows(root)]
    named = [index for index in range(timeline.switch_count) if "bar" in map(timeline.name, timeline.ends_of(index))]
    assert told == [sentence(timeline, index) for index in named]
    alone = arrows(drawn(timeline, Settings(view=View.SEQUENCE, rows=("bar",))))
    assert [said for _, _, said, _ in alone] == ["hub"] * len(named)


@pytest.mark.parametrize(("at", "first"), [(None, 0), (150, 120)])
def test_of_a_long_sequence_the_moment_that_is_pointed_out_is_shown_and_the_rest_counted(
    at: int | None, first: int
) -> None:
    tape = Tape().spawn("g", words.GENERATOR)
    for _ in range(100):
        tape.resume("g").yields("g")
    timeline = tape.timeline()
    at_ns = timeline.switch_ns[at] if at is not None else None
    root = drawn(timeline, Settings(view=View.SEQUENCE, at_ns=at_ns))
    found = texts(root)
    assert [text for text in found if text.startswith("#") and " " not in text] == [
        f"#{index + 1}" for index in range(first, first + 60)
    ]
    assert "… and 140 more switches: --from and --to choose others" in found
    low = drawn(timeline, Settings(view=View.SEQUENCE, at_ns=at_ns, height=500))
    assert low.get("height") == "500"
    assert (f"#{at + 1}" if at is not None else "#1") in texts(low)


def test_the_tree_at_a_moment() -> None:
    timeline = sleeps().timeline()
    root = drawn(timeline, Settings(view=View.TREE, at_ns=timeline.switch_ns[2], selected="foo"))
    assert [line.strip("├└ ┈█▒") for line in lines(root)] == [
        "main  waits: gevent.joinall(all), for 2 µs", "hub  runs", "foo  waits: sleep 2 s", "bar  ready, for 3 µs"
    ]
    assert len(lines(drawn(crowded(3, 10), Settings(view=View.TREE)))) == 4
    many = drawn(crowded(100, 1), Settings(view=View.TREE))
    assert len(lines(many)) == 60
    assert "… and 41 more tracks" in texts(many)


def test_the_waits_at_a_moment() -> None:
    timeline = sleeps().timeline()
    at_ns = timeline.switch_ns[2]
    root = drawn(timeline, Settings(view=View.WAITS, at_ns=at_ns))
    on_screen = graph(timeline, moment_at(timeline, at_ns), 151)
    assert lines(root) == ["".join(run.text for run in said.runs) for said in on_screen]


def test_problems_of_the_part() -> None:
    timeline = sleeps().timeline()
    found = lines(drawn(ping_pong().exits("main").end().timeline(), Settings(view=View.PROBLEMS)))
    assert "never resumed" in found[0]
    assert "test1" in found[1]
    part = Part.between(timeline, 0, 1)
    assert lines(drawn(timeline, Settings(view=View.PROBLEMS, part=part))) == ["No problems found."]


@pytest.mark.parametrize("view", [view for view in View if view is not View.COMPARISON])
def test_nothing_at_all(view: View) -> None:
    assert "No switch was recorded: no generator, greenlet or hub ran." in texts(drawn(Timeline(), Settings(view=view)))
