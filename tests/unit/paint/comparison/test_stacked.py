"""Two timelines on one scale."""

from __future__ import annotations

import pytest

from tests.unit.analysis.tape import Tape, ping_pong, sleeps
from tests.unit.paint.drawn import text, width
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.paint.axis.viewport import Axis
from visualizer.paint.comparison.stacked import paint_both
from visualizer.paint.comparison.stretch import stretches, viewports
from visualizer.trace import words


def lines(a: Part, b: Part, cells: int, axis: Axis = Axis.TIME, **options: bool) -> list[str]:
    return [text(line).rstrip() for line in paint_both(a, b, cells, axis=axis, **options)]


def windows(a: Part, b: Part) -> list[tuple[float, float]]:
    return [(each.start_ns, each.end_ns) for each in stretches(a, b)]


def waiting(seconds: int) -> Part:
    """main resumes a generator that runs for so long."""
    tape = Tape().spawn("g", words.GENERATOR).resume("g")
    return Part.whole(tape.at(seconds * 1_000_000_000).exits("g").exits("main").timeline())


def test_a_cell_covers_the_same_time_in_both() -> None:
    long, short = waiting(4), waiting(1)
    for one, other in ((long, short), (short, long)):
        a, b = viewports(stretches(one, other), Axis.TIME, 82)
        assert (a.start, b.start, a.per_cell, a.width, b.width) == (0, 0, b.per_cell, 82, 82)
        assert a.per_cell == pytest.approx(4e9 / 80, rel=1e-3)
    painted = lines(long, short, 60)
    assert painted == [
        "time   │0 s        │1 s         │2 s         │3 s     4 s│",
        "A",
        "▾ main ▏ → g ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈▏✓",
        "    g  ███████████████████████████████████████████████████✓",
        "B",
        "▾ main ▏ → g ┈┈┈┈┈┈▏✓ ├─────────── 3 s saved ────────────┤",
        "    g  ████████████▊✓",
        "",
        "· created   █ running   ┈ waiting   ✓ ended",
    ]


def test_parts_begin_at_the_left_and_end_where_they_end() -> None:
    timeline = sleeps().timeline()
    a, b = Part.between(timeline, 0, 1_500_000_000), Part.between(timeline, 1_500_000_000, timeline.last_ns)
    painted = lines(a, b, 60)
    # bar is over before the second part begins.
    assert [line[:8].rstrip() for line in painted] == [
        "time",
        "A", "▾ main", "    hub", "    foo", "    bar",
        "B  from", "▾ main", "    hub", "    foo",
        "", "· create",
    ]
    rows = [line[8:] for line in painted]
    assert [len(rows[number]) for number in (4, 9)] == [50, 18]
    assert rows[9].endswith("✓")
    assert painted[6] == "B  from 1.5 s"


def test_tracks_that_are_not_there_yet_have_no_row() -> None:
    timeline = ping_pong().timeline()
    before = Part.between(timeline, 0, 2_000)
    assert [line.split()[0] for line in lines(before, before, 60)[1:4]] == ["A", "▾", "test1"]
    assert not any("test2" in line for line in lines(before, before, 60))


def test_where_nothing_happens_for_most_of_both_it_is_cut() -> None:
    def late(seconds: int) -> Part:
        return Part.whole(
            Tape().at(seconds * 1_000_000_000).spawn("g", words.GENERATOR).resume("g").yields("g").timeline()
        )

    short, long = windows(late(1), late(3))
    assert 0.9e9 < short[0] < 1.1e9
    assert 2.9e9 < long[0] < 3.1e9
    assert lines(late(1), late(3), 60)[1].startswith("A  from 1 s")
    # Who works all the time is not to look as quick as who does not.
    assert windows(late(3), waiting(1)) == [(0, 3_000_002_000), (0, 1_000_001_000)]
    # What was asked for is what is drawn.
    asked = Part.between(late(1).timeline, 0, 1_000_000_000)
    assert windows(asked, late(3))[0] == (0, 1_000_000_000)


def test_many_tracks() -> None:
    tape = Tape()
    for number in range(30):
        tape.spawn(f"g{number}", words.GENERATOR, "worker" if number < 9 else None, creator="main")
    part = Part.whole(tape.end().timeline())
    painted = lines(part, Part.whole(ping_pong().timeline()), 60)
    assert any(line.startswith("  ▸ worker ×9") for line in painted)
    assert "Tracks with the same function share a row: --all shows each one" in painted
    tape = Tape()
    for number in range(30):
        tape.spawn(f"g{number}", words.GENERATOR, creator="main")
    part = Part.whole(tape.end().timeline())
    assert lines(part, part, 60).count("… and 7 more tracks: --all shows them") == 2
    assert sum(line.startswith("    g") for line in lines(part, part, 60, everything=True)) == 60


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("cells", [40, 61, 200])
def test_every_row_has_the_width_that_was_asked_for(cells: int, ascii: bool) -> None:
    a, b = Part.whole(sleeps().timeline()), Part.whole(ping_pong().timeline())
    painted = list(paint_both(a, b, cells, ascii=ascii))
    named = [line for line in painted if len(line) > 1 and text(line)[:1] not in "AB·:"]
    assert len(named) == 8
    assert {width(line) for line in named} == {cells}
    assert not ascii or all(text(line).isascii() for line in painted)


def test_nothing_at_all() -> None:
    empty = Part.whole(Timeline())
    assert [line for line in lines(empty, empty, 60) if line][1:] == ["A", "B"]
