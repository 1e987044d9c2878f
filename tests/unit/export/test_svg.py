"""The SVG: what stands in it, that it always parses, that it stays small."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.index.test_polls import waits_twice
from tests.unit.analysis.tape import Tape, feed, ping_pong, producer_consumer, sleeps
from tests.unit.paint.events import naps, timelines
from visualizer.analysis.explore.marks import Mark
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.text.sentences import sentence
from visualizer.export import FORMATS, Format, Settings, View
from visualizer.export.timeline import draw_timeline
from visualizer.paint.axis.viewport import BOTH, Axis
from visualizer.paint.text.palette import DARK, LIGHT
from visualizer.trace import events as ev
from visualizer.trace import words

#: Width of a sample in the legend.
LEGEND = "34"
SVG = "{http://www.w3.org/2000/svg}"
GOLDEN = Path(__file__).parents[2] / "golden"
#: What XML 1.0 cannot hold (https://www.w3.org/TR/xml/#charsets).
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
HOSTILE = st.one_of(
    st.text(st.characters(codec=None), max_size=30),
    st.sampled_from(["</text><script>alert(1)</script>", "]]>", "&amp;&#0;", "\x1b[31m\x00", "\u202eabc", "\ud800"]),
    st.sampled_from(["\uffff", "\U0001f468\u200d\U0001f469", "\u05e9\u05dc\u05d5\u05dd", "*" * 5_000]),
)


def drawn(timeline: Timeline, *axes: Axis, dark: bool = False, width: int = 1280) -> ElementTree.Element:
    settings = Settings(axes=axes or BOTH, width=width, theme="dark" if dark else "light")
    return ElementTree.fromstring(draw_timeline(timeline, settings).svg)


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def bars(root: ElementTree.Element, fill: str) -> list[tuple[float, float]]:
    """Left edge and width of each bar in that colour, but for the legend's."""
    return [
        (float(rect.get("x", 0)), float(rect.get("width", 0)))
        for rect in root.findall(f"{SVG}rect")
        if rect.get("fill") == fill and rect.get("width") != LEGEND
    ]


def test_runs_are_exact_on_the_time_axis() -> None:
    """main runs for 2 of 8 us, then test1 for 2, test2 for 1, test1 for 1, test2 for 1."""
    runs = bars(drawn(ping_pong().timeline(), Axis.TIME), LIGHT["running"].colour)
    (left, width), *_ = sorted(runs)
    step = width / 2
    assert sorted((round((x - left) / step, 2), round(width / step, 2)) for x, width in runs) == [
        (0, 2), (2, 2), (4, 1), (5, 1), (6, 1),
    ]


def test_a_blocked_hub_has_a_colour_and_says_by_whom() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main", creator="main")
    tape.spawn("hog", words.GREENLET, parent="hub", creator="main").switch("main", "hub")
    tape.at(100_000_000).switch("hub", "hog").at(400_000_000).exits("hog").switch("hog", "hub")
    root = drawn(tape.timeline(), Axis.TIME)
    blocked, running = (bars(root, LIGHT[style].colour) for style in ("blocked", "running"))
    [(left, width)] = blocked
    assert (left, width) in [pytest.approx(run, abs=0.1) for run in running], "where hog runs"
    assert "blocked by hog" in texts(root)
    assert "blocked hub" in texts(root)


def test_every_switch_has_the_same_width_on_the_switch_axis() -> None:
    root = drawn(ping_pong().timeline(), Axis.SWITCHES)
    widths = [width for _, width in bars(root, LIGHT["running"].colour)]
    assert len(widths) == 6
    assert max(widths) - min(widths) <= 0.02


def test_text_stays_text() -> None:
    found = texts(drawn(producer_consumer().timeline(), Axis.SWITCHES))
    assert [text for text in found if text.startswith("#")] == [f"#{number}" for number in range(1, 9)]
    for text in ("main", "consumer", "yield", "→ consumer", "1", "2", "'200 OK'", "running", "waiting", "ended"):
        assert text in found
    assert found.count("'200 OK'") == 2


def test_both_axes_are_drawn_by_default() -> None:
    found = texts(drawn(sleeps().timeline()))
    assert [text for text in found if text in ("Time", "Switches")] == ["Time", "Switches"]
    assert found.count("foo") == 2
    assert found.count("sleep 2 s") == 2
    assert {"0.0 s", "1.0 s", "2.0 s", "#10", "ready, not running", "idle (polling or in a call)", "exit code 0"} <= {
        part for text in found for part in text.split(" · ")
    }


def test_a_switch_is_an_arrow_where_they_are_few() -> None:
    timeline = ping_pong().timeline()
    root = drawn(timeline, Axis.SWITCHES)
    arrows = [path for path in root.findall(f"{SVG}path") if path.get("marker-end")]
    assert [arrow.findtext(f"{SVG}title") for arrow in arrows] == [sentence(timeline, index) for index in range(5)]
    assert not [path for path in drawn(crowd(200)).findall(f"{SVG}path") if path.get("marker-end")]


def test_states_differ_in_more_than_colour() -> None:
    """Of the bars of two states, either the height or the pattern is another."""
    shapes = set()
    root = drawn(every_state(), Axis.TIME)
    legend = [rect for rect in root.findall(f"{SVG}rect") if rect.get("width") == LEGEND]
    for rect in legend:
        fill = rect.get("fill", "")
        shapes.add((rect.get("height"), fill if fill.startswith("url") else ""))
    assert len(legend) == len(shapes) == 6
    defined = {f"url(#{pattern.get('id')})" for pattern in root.iter(f"{SVG}pattern")}
    assert {fill for _, fill in shapes if fill} <= defined


def every_state() -> Timeline:
    tape = sleeps()
    timeline = tape.timeline()
    feed(timeline, [ev.Spawn(timeline.last_ns + 5, 9, words.GREENLET, -1, 0, -1, -1)])
    feed(timeline, [ev.Switch(timeline.last_ns + 5, 7, 0, words.SWITCH, -1, -1)])
    timeline.tracks[7].slices.begin(timeline.last_ns + 5, State.UNKNOWN)
    timeline.occurred.add(State.UNKNOWN)
    feed(timeline, [ev.End(timeline.last_ns + 9, 0, 0)])
    return timeline


def crowd(switches: int) -> Timeline:
    tape = Tape()
    for key in "abc":
        tape.spawn(key, words.GREENLET, parent="main")
    current = "main"
    for number in range(switches):
        target = "abc"[number % 3]
        tape.switch(current, target)
        current = target
    return tape.end().timeline()


def test_a_long_trace_makes_no_large_file() -> None:
    assert len(draw_timeline(crowd(50_000), Settings()).svg) < 500_000


def test_no_run_vanishes() -> None:
    """Seven runs of some microseconds in two seconds."""
    root = drawn(sleeps().timeline(), Axis.TIME)
    paths = [path for path in root.findall(f"{SVG}path") if path.get("fill") == LIGHT["running"].colour]
    widths = [float(w) for path in paths for w in re.findall(r"h([\d.]+)v", path.get("d", ""))]
    assert len(paths) == 4
    assert min(widths) >= 2.5


def crowded(names: int, each: int) -> Timeline:
    tape = Tape()
    for number in range(names * each):
        tape.spawn(f"g{number}", words.GENERATOR, f"g{number % names}", creator="main")
    return tape.end().timeline()


def test_tracks_of_a_kind_share_a_row_where_there_are_many_and_more_than_can_be_looked_at_are_counted() -> None:
    root = drawn(crowded(40, 10), Axis.TIME)
    found = texts(root)
    assert {"g0 ×10", "g39 ×10"} <= set(found)
    assert not [text for text in found if "more tracks" in text]
    root = drawn(crowded(250, 1), Axis.TIME)
    found = texts(root)
    assert "… and 203 more tracks" in found
    assert "g46" in found
    assert "g47" not in found
    assert float(root.get("height", 0)) < 2_100
    assert "… and 227 more tracks" in texts(drawn(crowded(250, 1)))


@pytest.mark.parametrize(("names", "font_size"), [(2, 0), (12, 0), (90, 0), (12, 20), (90, 20)])
def test_a_height_that_is_given_is_kept_and_filled_and_what_has_no_room_is_counted(names: int, font_size: int) -> None:
    settings = Settings(width=1280, height=720, font_size=font_size)
    root = ElementTree.fromstring(FORMATS[".svg"](crowded(names, 1), settings))
    assert (root.get("width"), root.get("height")) == ("1280", "720")
    _, _, width, height = (float(part) for part in root.get("viewBox", "").split())
    assert (height * 1280 / width, 1280 / width) == pytest.approx((720, font_size / 13 if font_size else 1280 / width))
    lowest = max(float(text.get("y", 0)) for text in root.iter(f"{SVG}text"))
    assert height * 2 / 3 < lowest < height
    found = texts(root)
    [*hidden] = [text for text in found if "more tracks" in text]
    shown = sum(text.startswith("g") for text in set(found))
    assert hidden == ([f"… and {names - shown} more tracks"] if names > shown else [])
    assert 1280 / width > 1.2 or names > 2
    with pytest.raises(ValueError, match=r"^A picture 300 pixels high has no room for its rows; it takes \d+$"):
        FORMATS[".svg"](crowded(names, 1), replace(settings, height=300))


def test_the_moment_that_is_pointed_out() -> None:
    timeline = sleeps().timeline()
    settings = Settings(at_ns=timeline.switch_ns[2])
    root = ElementTree.fromstring(FORMATS[".svg"](timeline, settings))
    assert f"#3  {sentence(timeline, 2)}" in texts(root)
    ground = LIGHT["playhead"].ground
    lines = [path for path in root.iter(f"{SVG}path") if path.get("stroke") == ground]
    assert len(lines) == 2


def test_what_must_be_told() -> None:
    timeline = ping_pong().timeline()
    feed(timeline, [ev.Uncaught(9_000, "ValueError", "<b>&"), ev.Dropped(9_000, "events", 4), ev.End(9_000, -1, 15)])
    found = texts(drawn(timeline))
    assert "Uncaught ValueError: <b>&" in found
    assert "Left out of the trace: 4 events." in found
    assert "killed by SIGTERM" in found[1]


def test_the_part_of_the_time_that_is_not_shown_is_told() -> None:
    tape = Tape().at(8_000_000).spawn("g", words.GENERATOR).resume("g").yields("g")
    tape.at(8_160_000).exits("main").at(12_000_000).end()
    assert "shown from 7.99 ms to 8.17 ms: no switches before or after that" in texts(drawn(tape.timeline()))


def flags(root: ElementTree.Element) -> list[tuple[str, str, float, float, float]]:
    """Of each: its tooltip, its name, left, right, top."""
    found = []
    for group in root.iter(f"{SVG}g"):
        rect, told = group.find(f"{SVG}rect"), group.findtext(f"{SVG}title")
        if rect is not None and rect.get("fill") == LIGHT["gap"].colour and told is not None:
            left, width, top = (float(rect.get(name, 0)) for name in ("x", "width", "y"))
            found.append((told, group.findtext(f"{SVG}text") or "", left, left + width, top))
    return found


def test_marks_are_flags_over_the_axis_none_over_another() -> None:
    timeline = producer_consumer().timeline()
    marks = tuple(
        Mark(timeline.switch_ns[number], f"mark with a name {number}", "said" * (number % 2)) for number in (1, 2, 3, 4)
    )
    settings = Settings(marks=marks, width=600, axes=(Axis.SWITCHES,))
    found = flags(ElementTree.fromstring(draw_timeline(timeline, settings).svg))
    assert [told for told, *_ in found] == [mark.told for mark in marks]
    # Where a fourth has no line of its own, it has but its tooltip.
    assert [name for _, name, *_ in found] == ["", *(mark.name for mark in marks[1:])]
    for at, (_, _, left, right, top) in enumerate(found):
        assert right <= 600
        assert not [one for one in found[:at] if one[2] < right and left < one[3] and one[4] == top]
    # Those whose names would be under another's pole stand higher.
    assert [one[4] for one in found[1:]] == sorted(one[4] for one in found[1:])
    plain = draw_timeline(timeline, replace(settings, marks=())).height
    assert draw_timeline(timeline, settings).height - plain == 63
    assert draw_timeline(timeline, replace(settings, height=700)).height == 700
    part = Part.between(timeline, timeline.switch_ns[2], timeline.last_ns)
    assert len(flags(ElementTree.fromstring(draw_timeline(timeline, replace(settings, part=part)).svg))) == 3


def test_in_a_sequence_a_mark_has_a_line_over_its_switch() -> None:
    timeline = producer_consumer().timeline()
    marks = (Mark(timeline.switch_ns[2], "here", "said"), Mark(timeline.last_ns, "end"))
    settings = Settings(view=View.SEQUENCE, marks=marks)
    with_marks, without = (FORMATS[".svg"](timeline, one) for one in (settings, replace(settings, marks=())))
    root = ElementTree.fromstring(with_marks)
    assert [(told, name) for told, name, *_ in flags(root)] == [("here: said", "here"), ("end", "end")]
    places = {text.text: float(text.get("y", 0)) for text in root.iter(f"{SVG}text")}
    assert places["#2"] < places["here"] < places["#3"] < places["#4"]
    assert places["said"] == pytest.approx(places["here"], abs=2)
    assert places["#3"] - places["#2"] == 2 * (places["#4"] - places["#3"])
    assert without.count(b"here") == 0
    # As many lines as have room, of which two are those of marks.
    low = ElementTree.fromstring(FORMATS[".svg"](timeline, replace(settings, height=360)))
    assert [text for text in texts(low) if re.fullmatch("#[0-9]+", text)] == ["#1", "#2", "#3"]


def test_an_empty_trace() -> None:
    assert "No switch was recorded: no generator, greenlet or hub ran." in texts(drawn(Timeline()))


@given(timelines(HOSTILE), st.sampled_from([(Axis.TIME,), (Axis.BUSY,), (Axis.SWITCHES,), BOTH]), st.booleans())
def test_it_parses_whatever_stands_in_the_trace(timeline: Timeline, axes: tuple[Axis, ...], dark: bool) -> None:
    root = drawn(timeline, *axes, dark=dark)
    expected = {"svg", "title", "defs", "pattern", "marker", "rect", "circle", "path", "text"}
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= expected
    assert not any(NO_XML.search(text) for text in texts(root))
    size = [float(part) for part in root.get("viewBox", "").split()]
    assert size[:3] == [0, 0, 1280]
    colours = {ink.colour for ink in (DARK if dark else LIGHT).values()}
    assert {element.get("stroke") for element in root.iter(f"{SVG}path")} - {None} <= colours


def test_what_a_format_cannot_honour_is_refused_with_one_sentence() -> None:
    timeline = ping_pong().timeline()
    form = Format(".txt", lambda _, settings: repr(settings.view).encode(), (View.SEQUENCE,), frozenset(("rows",)))
    assert form(timeline, Settings(rows=("main",))) == b"<View.SEQUENCE: 'sequence'>"
    events = replace(form, views=())
    assert events(timeline, Settings()) == b"None"
    whole = Part.whole(timeline)
    for tried, settings, said in (
        (form, Settings(width=900), "--width has no effect on a .txt file"),
        (form, Settings(view=View.TIMELINE), "A .txt file cannot show the view 'timeline'; it has sequence"),
        (events, Settings(view=View.TIMELINE), "A .txt file cannot show the view 'timeline'; it has no views"),
        (events, Settings(other=whole), "A .txt file cannot show the view 'comparison'"),
        (FORMATS[".svg"], Settings(view=View.COMPARISON), "The view 'comparison' shows two traces"),
        (FORMATS[".svg"], Settings(view=View.TIMELINE, other=whole), "Only one trace can be shown as timeline"),
        (replace(form, options=frozenset(("axes",))), Settings(axes=(Axis.TIME,)), "--axis has no effect on the v"),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
            tried(timeline, settings)


def test_the_rows_that_are_named_in_that_order_and_a_group_as_one() -> None:
    timeline, _ = load(str(GOLDEN / "sync_vs_async.trace"))
    settings = Settings(axes=(Axis.TIME,), rows=("task ×9", "main"), selected="task ×9")
    root = ElementTree.fromstring(FORMATS[".svg"](timeline, settings))
    said = texts(root)
    assert said.index("task ×9") < said.index("main")
    assert "9 wait" in said
    assert not {"hub", "task-1"} & set(said)
    assert len(bars(root, LIGHT["selected"].colour)) == 1
    one, every = (len(FORMATS[".svg"](timeline, Settings(rows=rows))) for rows in (("main",), ()))
    assert one < every
    with pytest.raises(ValueError, match=r"There is no row 'task ×8'; there are main, hub, .*task ×9"):
        FORMATS[".svg"](timeline, Settings(rows=("task ×8",)))


def test_folded_gaps_are_marked_with_their_length_and_a_wait_over_one_is_one_bar() -> None:
    root = drawn(load(str(GOLDEN / "gevent_sleeps.trace"))[0], Axis.BUSY)
    said = texts(root)
    assert said.count("⋯ 1 s") == 2
    assert said.count("sleep 2 s") == 1
    assert "2 idle gaps are folded" in said


@given(naps(), st.integers(400, 2_000))
def test_stretches_between_folded_gaps_join(timeline: Timeline, width: int) -> None:
    root = drawn(timeline, Axis.BUSY, width=width)
    for rect in root.iter(f"{SVG}rect"):
        assert float(rect.get("x", 0)) >= 0
        if not rect.get("width", "").endswith("%"):
            assert float(rect.get("x", 0)) + float(rect.get("width", 0)) <= width


def test_a_label_on_the_dots_of_idle_has_a_ground_of_its_own() -> None:
    """worker selects for 60 ms, which is idle, and then sleeps, which waits."""
    root = drawn(waits_twice(words.SELECT).timeline(), Axis.TIME)
    ordered = {one.text: one.get("paint-order") for one in root.iter(f"{SVG}text")}
    assert ordered["select(limit)"] == "stroke"
    assert ordered["sleep 50 ms"] is None
