"""Rows: what stands in a trace as (time, track, shape) comes out as the events that it stands for."""

from __future__ import annotations

import struct
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reading import from_bytes
from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.trace.columns import NOTED, Columnizer
from visualizer.trace.packing import unpacked

HEADER = ev.encode(ev.Header(words.FORMAT, words.VERSION, monotonic_ns=1000))
SWITCH = ev.Switch(0, words.CURRENT, words.SUBJECT, "switch", -1, 7)
NAP: list[ev.Timed] = [
    ev.Wait(0, words.CURRENT, "sleep", 3, 0),
    ev.Wake(0, words.CURRENT, words.SUBJECT, "timer"),
    SWITCH,
]


def packed(*rows: tuple[int, int, int]) -> bytes:
    return b"".join(struct.pack("<qqq", *row) for row in rows)


def read(*lines: object) -> list[ev.Event]:
    source = from_bytes(HEADER + b"".join(ev.encode(line) for line in lines))
    return [event for batch in source for event in batch]


def test_a_row_is_the_event_of_its_shape() -> None:
    events = read(ev.Shape(0, [SWITCH]), ev.Rows(packed((1500, 2, 0), (1501, 3, 0))), ev.End(9, 0, 0))
    assert events == [
        ev.Switch(500, words.CURRENT, 2, "switch", -1, 7),
        ev.Switch(501, words.CURRENT, 3, "switch", -1, 7),
        ev.End(9, 0, 0),
    ]


def test_a_shape_of_several_events_keeps_their_order() -> None:
    assert read(ev.Shape(4, NAP), ev.Rows(packed((1100, 1, 4))))[:3] == [
        ev.Wait(100, words.CURRENT, "sleep", 3, 0),
        ev.Wake(100, words.CURRENT, 1, "timer"),
        ev.Switch(100, words.CURRENT, 1, "switch", -1, 7),
    ]


def test_a_row_may_say_which_request_a_track_serves_and_that_a_loop_polls() -> None:
    shapes = [
        ev.Shape(0, [ev.Serves(0, words.SUBJECT, 5, 6, 7)]),
        ev.Shape(1, [ev.Poll(0, words.SUBJECT, 1)]),
        ev.Shape(2, [ev.Serves(0, words.SUBJECT, -1), SWITCH]),
    ]
    rows = ev.Rows(packed((1500, 2, 0), (1501, 3, 1), (1502, 2, 2), (1503, 4, 0)))
    assert read(*shapes, ev.Serves(1, 9, 8), rows, ev.Serves(600, 9, -1), ev.Rows(packed((1700, 3, 0)))) == [
        ev.Serves(1, 9, 8),
        ev.Serves(500, 2, 5, 6, 7),
        ev.Poll(501, 3, 1),
        ev.Serves(502, 2, -1),
        ev.Switch(502, words.CURRENT, 2, "switch", -1, 7),
        ev.Serves(503, 4, 5, 6, 7),
        ev.Serves(600, 9, -1),
        ev.Serves(700, 3, 5, 6, 7),
    ]


def test_what_several_processes_serve_at_once_is_told_of_each() -> None:
    shape = ev.Shape(0, [ev.Serves(0, words.SUBJECT, 5, 6, 7)])
    columnizer = Columnizer()
    columnizer.begin(1000)
    columnizer.learn(shape)
    strips = [(1, [ev.Rows(packed((1500, 2, 0), (1502, 2, 0)))]), (8, [ev.Rows(packed((1501, 9, 0)))])]
    columns = columnizer.interleaved(strips)
    assert columns is not None
    of_requests = columns.value[columns.kind == NOTED].tolist()
    expected = [ev.Serves(t_ns, track, 5, 6, 7) for t_ns, track in ((500, 2), (501, 9), (502, 2))]
    assert [columns.kept[at] for at in of_requests] == expected


def test_rows_that_tell_what_a_select_has_found() -> None:
    found, goes_on = ev.Tie(0, words.SUBJECT, words.FOUND_READY, 5), ev.Unpark(0, words.CURRENT)
    assert read(ev.Shape(0, [found]), ev.Shape(1, [goes_on]), ev.Rows(packed((1500, 2, 0), (1500, 2, 1)))) == [
        ev.Tie(500, 2, words.FOUND_READY, 5),
        ev.Unpark(500, words.CURRENT),
    ]


def test_rows_that_cannot_be_read_are_counted_and_the_others_kept() -> None:
    events = read(ev.Shape(0, [SWITCH]), ev.Rows(packed((1500, 2, 9), (1501, 3, 0)) + b"cut"))
    assert events == [
        ev.Switch(501, words.CURRENT, 3, "switch", -1, 7),
        ev.Dropped(-1, "rows that could not be read", 2),
    ]


def test_numbers_that_no_column_could_hold_are_not_let_in() -> None:
    rows = packed((2**62, 2, 0), (1501, 3, 0), (1502, 2**31, 0), (999, 3, 0), (1503, 3, -1))
    events = read(ev.Shape(0, [SWITCH]), ev.Rows(rows))
    assert events == [
        ev.Switch(501, words.CURRENT, 3, "switch", -1, 7),
        ev.Dropped(-1, "rows that could not be read", 4),
    ]


def test_a_row_may_have_a_value_of_its_own() -> None:
    yields, wait = ev.Yield(0, words.SUBJECT, 4, 2), ev.Wait(0, words.SUBJECT, "sleep", 3, 50)
    rows = packed((1500, 2, 0), (1501, 2, 8 << 32), (1502, 3, 1 << 32), (1503, 3, 1 + (8 << 32)))
    assert read(ev.Shape(0, [yields]), ev.Shape(1, [wait]), ev.Rows(rows)) == [
        ev.Yield(500, 2, 4, 2),
        ev.Yield(501, 2, 7, 2),
        ev.Yield(502, 3, 0, 2),
        # What it waits for is no value that crosses.
        ev.Wait(503, 3, "sleep", 3, 50),
    ]


def test_the_value_of_a_row_may_be_a_number() -> None:
    first, last = (words.ZERO_TEXT + sign * words.LARGEST_NUMBER for sign in (-1, 1))
    rows = packed((1500, 2, first + 1 << 32), (1501, 2, last + 1 << 32), (1502, 2, last + 2 << 32))
    assert read(ev.Shape(0, [ev.Yield(0, words.SUBJECT, 4, 2)]), ev.Rows(rows)) == [
        ev.Yield(500, 2, first, 2),
        ev.Yield(501, 2, last, 2),
        ev.Dropped(-1, "rows that could not be read", 1),
    ]


def test_a_row_may_say_itself_what_is_waited_for() -> None:
    waits = ev.Wait(0, words.CURRENT, "future", 3, -1, words.SUBJECT)
    rows = packed((1500, 2, 8 << 32), (1501, 3, 9 << 32), (1502, 4, 8 << 32), (1503, 5, 1 + (8 << 32)))
    events = read(ev.Shape(0, [waits, SWITCH]), ev.Shape(1, [ev.Yield(0, words.SUBJECT, 4, 2)]), ev.Rows(rows))
    assert [event for event in events if type(event) is ev.Wait] == [
        ev.Wait(500, words.CURRENT, "future", 3, -1, 7),
        ev.Wait(501, words.CURRENT, "future", 3, -1, 8),
        ev.Wait(502, words.CURRENT, "future", 3, -1, 7),
    ]
    # The switch behind it crosses no value, and to other rows such a number is their value.
    assert {event.value for event in events if type(event) is ev.Switch} == {-1}
    assert events[-1] == ev.Yield(503, 5, 7, 2)


def test_tracks_begin_are_named_and_end_in_rows_but_for_threads() -> None:
    born = ev.Spawn(0, words.SUBJECT, words.COROUTINE, 1, words.NOBODY, words.CURRENT, 2)
    thread = ev.Spawn(0, words.SUBJECT, words.THREAD, 1, words.NOBODY, words.NOBODY, -1)
    ended = ev.Exit(0, words.SUBJECT, words.RETURNED, -1)
    rows = packed((1500, 2, 0), (1500, 2, 3), (1501, 2, 1 + (4 << 32)), (1502, 3, 2))
    named = ev.Shape(3, [ev.Name(0, words.SUBJECT, 4)])
    assert read(ev.Shape(0, [born]), ev.Shape(1, [ended]), ev.Shape(2, [thread]), named, ev.Rows(rows)) == [
        ev.Spawn(500, 2, words.COROUTINE, 1, words.NOBODY, words.CURRENT, 2),
        ev.Name(500, 2, 4),
        ev.Exit(501, 2, words.RETURNED, 3),
        ev.Dropped(-1, "rows that could not be read", 1),
    ]


def test_a_damaged_line_of_rows_is_a_line_that_cannot_be_read() -> None:
    source = from_bytes(HEADER + b'["rows","!not base64!"]\n["note",1,"after"]\n')
    events = [event for batch in source for event in batch]
    assert ev.Note(1, "after") in events
    assert "Left out because unreadable: 1 line." in source.notices


@given(st.lists(st.tuples(st.integers(1000, 2**61), st.integers(0, 2**30 - 1), st.integers(0, 3))), st.data())
def test_expansion_depends_on_the_rows_only_not_on_the_lines_they_stand_in(
    rows: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(rows)))
    shapes = [ev.Shape(0, [SWITCH]), ev.Shape(1, [ev.Yield(0, words.SUBJECT, 1, 2)]), ev.Shape(2, NAP)]
    whole = read(*shapes, ev.Rows(packed(*rows)))
    assert whole == read(*shapes, ev.Rows(packed(*rows[:cut])), ev.Rows(packed(*rows[cut:])))
    assert sum(type(event) is ev.Switch for event in whole) == sum(shape in (0, 2) for _, _, shape in rows)


def column(numbers: list[int], width: int, base: int) -> bytes:
    """As FORMAT.md says: those that are too large for `width` bytes stand behind the others."""
    above = [number - base for number in numbers] if width else []
    largest = (1 << 8 * width) - 1
    wide = [number for number in above if number >= largest and width < 8]
    near = b"".join(min(number, largest).to_bytes(width, "little") for number in above)
    return struct.pack("<qBI", base, width, len(wide)) + near + struct.pack(f"<{len(wide)}q", *wide)


@st.composite
def lines(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, int, int]]]:
    """What a `packed` line has, and the rows."""
    near, far = st.integers(0, 300), st.integers(0, 2**40)
    rows = draw(st.lists(st.tuples(near | far, near | st.integers(-1, 2**30), near, near | st.just(0))))
    t_ns, own = list(accumulate((1000 + row[0] for row in rows), initial=0))[1:], [row[3] for row in rows if row[3]]
    columns = [
        [1000 + row[0] for row in rows], [row[1] for row in rows], [row[2] << 1 | (row[3] > 0) for row in rows], own,
    ]  # fmt: skip
    made = struct.pack("<Iq", len(rows), t_ns[0] if rows else 0)
    for number, numbers in enumerate(columns):
        same = len(set(numbers)) < 2 and number > 0
        made += column(numbers, draw(st.sampled_from((0,) if same else (1, 2, 4, 8))), min(numbers, default=0))
    return made, [(at, row[1], row[2] | row[3] << 32) for at, row in zip(t_ns, rows, strict=True)]


@given(lines())
def test_packed_rows(made: tuple[bytes, list[tuple[int, int, int]]]) -> None:
    line, rows = made
    assert unpacked(ev.Packed(line)).packed == packed(*rows)
    shapes = [ev.Shape(shape, [SWITCH]) for shape in {row[2] & 0xFFFFFFFF for row in rows}]
    assert read(*shapes, ev.Packed(line)) == read(*shapes, ev.Rows(packed(*rows)))


@given(lines(), st.data())
def test_a_damaged_line_of_packed_rows_tells_what_it_can_or_is_counted(
    made: tuple[bytes, list[tuple[int, int, int]]], data: st.DataObject
) -> None:
    line = bytearray(made[0])
    for _ in range(data.draw(st.integers(1, 3))):
        line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(line)))
    source = from_bytes(HEADER + ev.encode(ev.Packed(bytes(line[:cut]))) + b'["note",1,"after"]\n')
    assert ev.Note(1, "after") in [event for batch in source for event in batch]


def test_a_short_line_cannot_ask_for_much_memory() -> None:
    empty = struct.pack("<qBI", 0, 0, 0)
    times = struct.pack("<qBI", 0, 1, 0) + bytes(1 << 17)
    for count, columns in ((2**32 - 1, empty), (70, 4 * empty), (70, times[:82]), (1 << 17, times + 3 * empty)):
        with pytest.raises(ValueError, match=r"room|no such column"):
            unpacked(ev.Packed(struct.pack("<Iq", count, 0) + columns))
