"""The sequence as cells: lifelines, arrows and what stands on them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.tui.traces import crowd, hostile
from tests.unit.analysis.tape import Tape, ping_pong, producer_consumer, sleeps
from visualizer.analysis.model.timeline import Timeline
from visualizer.paint.panes.sequence import heads, lifelines, line, sequence
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import cell_width
from visualizer.trace import words


def text(runs: list[Run]) -> str:
    return "".join(run.text for run in runs).rstrip()


def drawn(timeline: Timeline, width: int, *, ascii: bool = False) -> list[str]:
    return [text(runs) for runs in sequence(timeline, range(timeline.switch_count), width, ascii=ascii)]


def test_values_on_the_arrows_of_generators() -> None:
    assert drawn(producer_consumer().timeline(), 50) == [
        " #          main                 consumer",
        " 1            ┊────── next() ───────▶█",
        " 2            █◀───── yield '' ──────┊",
        " 3            ┊────── send 1 ───────▶█",
        " 4            █◀── yield '200 OK' ───┊",
        " 5            ┊────── send 2 ───────▶█",
        " 6            █◀── yield '200 OK' ───┊",
        " 7            ┊────── close() ──────▶█",
        " 8            █◀────── close() ──────✓",
    ]


def test_greenlets_in_ascii() -> None:
    assert drawn(ping_pong().timeline(), 50, ascii=True) == [
        " #      main           test1          test2",
        " 1        |---- 'x' ---->#",
        " 2        |              |-- switch --->#",
        " 3        |              #<-- switch ---|",
        " 4        |              |-- switch --->#",
        " 5        #<------ returned None -------v",
    ]


def test_why_each_greenlet_of_a_hub_runs_and_stops() -> None:
    assert drawn(sleeps().timeline(), 80) == [
        "  #        main                hub                foo                bar",
        "  1          ┊─ joinall(all) ──▶█                  ▒                  ▒",
        "  2          ┊                  ┊──── by main ────▶█                  ▒",
        "  3          ┊                  █◀─── sleep 2 s ───┊                  ▒",
        "  4          ┊                  ┊───────── spawned by main ──────────▶█",
        "  5          ┊                  █◀──────────── sleep 0 s ─────────────┊",
        "  6          ┊                  ┊────────────── timer ───────────────▶█",
        "  7          ┊                  █◀────────── returned None ───────────✓",
        "  8          ┊                  ┊───── timer ─────▶█",
        "  9          ┊                  █◀─ returned None ─✓",
        " 10          █◀─── foo ended ───┊",
    ]


@pytest.mark.parametrize(
    ("width", "expected"),
    [(64, "█◀─ sleep 2 s ─┊"), (60, "█◀─ sleep 2 s ┊"), (56, "█◀ sleep 2 s ┊"), (52, "█◀─ sleep … ┊")],
)
def test_a_label_is_cut_only_where_it_leaves_no_head(width: int, expected: str) -> None:
    assert expected in drawn(sleeps().timeline(), width)[3]


def test_of_many_tracks_those_that_take_part_have_lanes_and_the_others_a_name_at_the_arrow() -> None:
    timeline = crowd(20).timeline()
    of = lifelines(timeline, range(15, 25), 60, near=20)
    assert [timeline.name(track) for track in of.tracks] == ["hub", "worker-9", "worker-10", "worker-11", "worker-12"]
    assert text(line(timeline, of, 20)).split() == ["21", "█◀───", "sleep", "0.5", "s", "────┊", "▒", "▒"]
    assert text(line(timeline, of, 3)).startswith("  4      ┊─▶ worker-2 ")
    # The selected track keeps its lifeline.
    main = next(iter(timeline.tracks))
    assert main in lifelines(timeline, range(15, 25), 60, near=20, wanted=(main,)).tracks


def test_a_page_of_other_tracks_has_names_of_its_own() -> None:
    lines = drawn(crowd(60).timeline(), 80)
    assert sum(line_.lstrip().startswith("#") for line_ in lines) == lines.count("") + 1 > 2


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("tape", [ping_pong, producer_consumer, sleeps, crowd, hostile])
def test_every_line_fits_and_is_printable(tape: Callable[[], Tape], ascii: bool, width: int) -> None:
    for runs in sequence(tape().timeline(), range(12 if tape is crowd else 1), width, ascii=ascii):
        said = "".join(run.text for run in runs)
        assert cell_width(said) <= width
        assert said.isprintable()
        assert said.isascii() or not ascii


def test_where_a_click_in_a_line_goes() -> None:
    timeline = ping_pong().timeline()
    of = lifelines(timeline, range(5), 50)
    found = [of.track_at(cell) for cell in range(50)]
    assert found == [words.NOBODY] * 3 + [0] * 15 + [1] * 15 + [2] * 15 + [words.NOBODY] * 2
    assert text(heads(timeline, of, 1)).split() == ["#", "main", "test1", "test2"]
    assert [run.style for run in heads(timeline, of, 1) if run.text == "test1"] == ["selected"]


def test_a_track_that_switches_to_itself_has_no_arrow() -> None:
    tape = Tape().spawn("foo", words.GREENLET, parent="main").switch("main", "foo").switch("foo", "foo")
    assert drawn(tape.timeline(), 40)[2].split() == ["2", "┊", "█"]


def test_a_thread_that_goes_on_has_an_arrow_from_who_woke_it() -> None:
    tape = Tape().spawn("worker", words.THREAD).waits("worker", words.LOCK, "lock").parks()
    tape.thread("main").thread("worker").wake("worker", "main", words.CALLBACK).unparks().parks().unparks()
    assert drawn(tape.timeline(), 50) == [
        " #          main                  worker",
        " 1            █─── woken by main ───▶█",
        " 2            █                      █",
    ]
