"""Rows, cell by cell. Hand-made traces: a microsecond from one event to the next."""

from __future__ import annotations

import pytest

from tests.unit.analysis.tape import STEP_NS, Tape, feed, ping_pong, producer_consumer, sleeps
from tests.unit.paint.drawn import paint_row, row, styles, text, width
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.paint.axis.viewport import Axis, Viewport
from visualizer.paint.text.palette import ASCII_GLYPHS, GLYPHS
from visualizer.trace import events as ev
from visualizer.trace import words


def steps(cells: int, start: float = 0, per_step: float = 1) -> Viewport:
    """`per_step` cells for a microsecond."""
    return Viewport(Axis.TIME, start * STEP_NS, STEP_NS / per_step, cells)


def hogged() -> Timeline:
    """From 10 ms on hog keeps the hub from running, up to the end at 400 ms."""
    tape = Tape().spawn("hub", words.HUB, parent="main", creator="main")
    tape.spawn("hog", words.GREENLET, parent="hub", creator="main").switch("main", "hub")
    return tape.at(10_000_000).switch("hub", "hog").at(400_000_000).end(signal=9).timeline()


def switches(cells: int, per_switch: float = 1) -> Viewport:
    return Viewport(Axis.SWITCHES, 0, 1 / per_switch, cells)


def painted(tape: Tape, viewport: Viewport, until_ns: int | None = None) -> dict[str, str]:
    timeline = tape.timeline()
    return {key: row(timeline, track, viewport, until_ns) for key, track in tape.ids.items()}


def test_time_axis() -> None:
    assert painted(ping_pong(), steps(12)) == {
        "main":  "██┈┈┈┈┈┈▏   ",
        "test1": " ·██┈█┈┈    ",
        "test2": "   ·█┈█✓    ",
    }


def test_a_part_of_the_time() -> None:
    assert painted(ping_pong(), steps(6, start=3)) == {
        "main":  "┈┈┈┈┈▏",
        "test1": "█┈█┈┈ ",
        "test2": "·█┈█✓ ",
    }


def test_switch_axis() -> None:
    assert painted(ping_pong(), switches(8)) == {
        "main":  "█┈┈┈┈█  ",
        "test1": "·█┈█┈┈  ",
        "test2": " ·█┈█✓  ",
    }


def test_labels_say_what_is_waited_for_where_there_is_room() -> None:
    assert painted(producer_consumer(), switches(36, per_switch=4)) == {
        "main":     "████┈┈┈┈████┈┈┈┈████┈┈┈┈████┈┈┈┈████",
        "consumer": "  ··████┈┈┈┈████┈┈┈┈████┈┈┈┈████✓   ",
    }
    assert painted(producer_consumer(), switches(36, per_switch=12)) == {
        "main":     "████████████ → consumer ████████████",
        "consumer": "      ······████████████ yield ┈┈┈┈┈",
    }


def test_a_hub_is_blank_while_others_run_and_idle_while_it_polls() -> None:
    assert painted(sleeps(), switches(48, per_switch=4)) == {
        "main":  "████ gevent.joinall(all) ┈┈┈┈┈┈┈┈┈┈┈┈┈▒▒████✓   ",
        "hub":   "····████    ████    ████    ▏░░▕    ████        ",
        "foo":   " ·▒▒▒▒▒▒████ sleep 2 s ┈┈┈┈┈┈┈┈┈████✓           ",
        "bar":   "  ·▒▒▒▒▒▒▒▒▒▒▒▒▒████▒▒▒▒████✓                   ",
    }


def test_a_blocked_hub_says_by_whom_as_far_as_there_is_room() -> None:
    timeline = hogged()
    shown = {cells: row(timeline, 1, Viewport(Axis.TIME, 0, 400e6 / cells, cells)) for cells in (40, 20, 10)}
    assert shown == {
        40: "█ blocked by hog ▚▚▚▚▚▚▚▚▚▚▚▚▚▚▚▚▚▚▚▚▚▚▚",
        20: "▌ blocked by hog ▚▚▚",
        10: "▎ blocked ",
    }
    viewport = Viewport(Axis.TIME, 0, 10e6, 40)
    assert text(paint_row(timeline, 1, viewport, ascii=True)) == "# blocked by hog " + "!" * 23
    assert styles(paint_row(timeline, 1, viewport))[1:] == ["blocked"] * 39


def test_only_a_hub_is_blocked() -> None:
    timeline = hogged()
    states = {track.id: set(track.slices.state) for track in timeline.tracks.values()}
    assert [track for track, seen in states.items() if State.BLOCKED in seen] == [1]


def test_runs_much_shorter_than_a_cell_are_seen() -> None:
    """Runs of a microsecond, cells of a tenth of a second."""
    timeline = sleeps().timeline()
    viewport = Viewport.fit(timeline, Axis.TIME, 22)
    assert {key: row(timeline, track, viewport) for key, track in sleeps().ids.items()} == {
        "main": "▏ joinall(all) ┈┈┈┈▏✓ ",
        "hub":  "▁░░░░░░░░░░░░░░░░░░▁  ",
        "foo":  "▏ sleep 2 s ┈┈┈┈┈┈┈▏✓ ",
        "bar":  "▁✓                    ",
    }


@pytest.mark.parametrize(("eighths", "block"), [*enumerate("▏▎▍▌▋▊▉", start=1)])
def test_a_run_that_ends_within_a_cell_shows_by_eighths(eighths: int, block: str) -> None:
    tape = Tape().spawn("a", words.GREENLET).at(8_000 + 1_000 * eighths).switch("main", "a").at(24_000).end()
    assert row(tape.timeline(), 0, Viewport(Axis.TIME, 0, 8_000, 3)) == f"█{block}┈"


@pytest.mark.parametrize(("eighths", "block"), [*enumerate("▕▕▕▐▐▐▐▐█")])
def test_a_run_that_begins_within_a_cell_shows_at_its_right(eighths: int, block: str) -> None:
    tape = Tape().spawn("a", words.GREENLET).at(16_000 - 1_000 * eighths).switch("main", "a").at(24_000).end()
    expected = f"·{block}█" if eighths else "··█"
    assert row(tape.timeline(), 1, Viewport(Axis.TIME, 0, 8_000, 3)) == expected


@pytest.mark.parametrize("runs", [2, 4, 40])
@pytest.mark.parametrize(("busy_ns", "block"), [(10, "▁"), (50, "▄"), (90, "▇")])
def test_several_runs_within_a_cell_show_their_share(runs: int, busy_ns: int, block: str) -> None:
    timeline = Tape().spawn("a", words.GREENLET).timeline()
    for begin_ns in range(10_000, 10_000 + 100 * runs, 100):
        feed(timeline, [ev.Switch(begin_ns, 0, 1, words.SWITCH, -1, -1)])
        feed(timeline, [ev.Switch(begin_ns + busy_ns, 1, 0, words.SWITCH, -1, -1)])
    assert row(timeline, 1, Viewport(Axis.TIME, 10_000, 100 * runs, 2)) == f"{block} "
    painted = paint_row(timeline, 1, Viewport(Axis.TIME, 10_000, 100 * runs, 2))
    assert styles(painted) == ["running", "dim"]


def test_switches_at_the_same_nanosecond_stay_apart_on_the_switch_axis() -> None:
    timeline = Tape().timeline()
    for track in (1, 2):
        feed(timeline, [ev.Spawn(0, track, words.GREENLET, -1, 0, -1, -1)])
    for origin, target in ((0, 1), (1, 2), (2, 1), (1, 2), (2, 0)):
        feed(timeline, [ev.Switch(500, origin, target, words.SWITCH, -1, -1)])
    feed(timeline, [ev.End(1_000, 0, 0)])
    assert [row(timeline, track, switches(6)) for track in (0, 1, 2)] == ["█┈┈┈┈█", "·█┈█┈┈", "··█┈█┈"]


def test_a_failed_track_is_marked_so() -> None:
    tape = Tape().spawn("g", words.GENERATOR).resume("g").exits("g", words.RAISED).end()
    assert painted(tape, steps(6)) == {"main": "██┈█  ", "g": " ·█✗  "}
    assert styles(paint_row(tape.timeline(), 1, steps(6)))[3] == "failed"


def test_a_track_that_was_running_before_the_trace_began_is_unknown() -> None:
    timeline = Tape().timeline()
    feed(timeline, [ev.Switch(2_000, 7, 0, words.SWITCH, -1, -1)])
    feed(timeline, [ev.Wake(3_000, 8, -1, words.TIMER)])
    feed(timeline, [ev.Spawn(1_000, 9, "process", -1, -1, -1, -1)])
    feed(timeline, [ev.End(6_000, 0, 0)])
    assert row(timeline, 8, steps(6)) == "   ▒▒▒"


def test_what_is_not_over_lasts_up_to_now() -> None:
    timeline = ping_pong().timeline()
    assert row(timeline, 0, steps(14), until_ns=12_000) == "██┈┈┈┈┈┈████  "
    assert row(timeline, 1, steps(14), until_ns=12_000) == " ·██┈█┈┈┈┈┈┈  "
    assert row(timeline, 2, steps(14), until_ns=12_000) == "   ·█┈█✓      "


def test_what_comes_later_is_not_painted() -> None:
    assert painted(ping_pong(), steps(12), until_ns=6_000) == {
        "main":  "██┈┈┈┈      ",
        "test1": " ·██┈█┈     ",
        "test2": "   ·█┈▏     ",
    }


def test_ascii_says_the_same() -> None:
    timeline = sleeps().timeline()
    for axis in Axis:
        for track in timeline.tracks:
            viewport = Viewport.fit(timeline, axis, 60)
            painted = paint_row(timeline, track, viewport, ascii=True)
            assert text(painted).isascii()
            assert width(painted) == 60
            in_unicode = paint_row(timeline, track, viewport)
            assert [s for s in styles(painted) if s != "label"] == [s for s in styles(in_unicode) if s != "label"]
    assert text(paint_row(timeline, 2, Viewport.fit(timeline, Axis.TIME, 22), ascii=True)) == "| sleep 2 s -------|v "


def test_each_state_has_a_glyph_of_its_own() -> None:
    assert len(set(GLYPHS.values())) == len(set(ASCII_GLYPHS.values())) == len(State)
    assert "".join(ASCII_GLYPHS.values()).isascii()


def test_a_track_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        paint_row(Timeline(), 3, steps(4))
