"""What rows are grouped and sorted by, pinned and hidden."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.tape import Tape
from tests.unit.paint.events import timelines
from visualizer.analysis.model.timeline import Timeline
from visualizer.paint.rows.grouping import GROUPINGS, By, RowOrder, Subject, lifted, sorting
from visualizer.paint.rows.order import Group, Row, RowList, Wish
from visualizer.trace import words

GREENLETS = Group(words.NOBODY, words.GREENLET, words.GREENLET)


def family() -> Tape:
    """main spawns a and b, a spawns a2 and a10, b spawns a generator."""
    tape = Tape()
    for name, creator in (("a", "main"), ("b", "main"), ("a2", "a"), ("a10", "a")):
        tape.spawn(name, words.GREENLET, parent="main", creator=creator)
    return tape.spawn("g", words.GENERATOR, parent="b", creator="b")


def shown(tape: Tape, by: By, wish: Wish | None = None) -> list[str]:
    timeline = tape.timeline()
    names = list(tape.ids)
    marks = {True: "+", False: "-"}
    return [
        "  " * row.depth + (marks[row.collapsed] if row.has_children else "") + (row.group.name if row.group else
        names[row.track]) for row in GROUPINGS[by](timeline, RowList(timeline), wish or Wish())
    ]


def test_each_grouping() -> None:
    assert shown(family(), By.THREAD) == ["-main", "  a", "  b", "  a2", "  a10", "  g"]
    assert shown(family(), By.FUNCTION) == shown(family(), By.THREAD), "too few of a kind to share a row"
    assert shown(family(), By.NONE) == ["main", "a", "b", "a2", "a10", "g"]
    assert shown(family(), By.SPAWN) == ["-main", "  -a", "    a2", "    a10", "  -b", "    g"]
    assert shown(family(), By.PROCESS) == ["-process", "  -main", "    a", "    b", "    a2", "    a10", "    g"]
    assert shown(family(), By.KIND) == [
        "-thread", "  main", "-greenlet", "  a", "  b", "  a2", "  a10", "-generator", "  g",
    ]


def processes() -> Tape:
    """main forks a child, which has a copy of a and a thread of its own."""
    tape = family().forks("child", pid=77).copies("a'", "a").spawn("t", words.THREAD, parent=-1)
    return tape.thread("main").spawn("late", words.GREENLET, parent="main", creator="main")


def test_by_process() -> None:
    assert shown(processes(), By.PROCESS) == [
        "-process", "  -main", "    a", "    b", "    a2", "    a10", "    g", "    late",
        "-child", "  -child", "    a'", "  t",
    ]
    assert shown(processes(), By.PROCESS, Wish(folded=None)) == ["+process", "+child"]
    assert shown(processes(), By.PROCESS, Wish(only={7}.__contains__)) == ["-child", "  -child", "    a'"]
    assert shown(processes(), By.PROCESS, Wish(collapsed={0})) == [
        "-process", "  +main", "-child", "  -child", "    a'", "  t",
    ]


def test_what_is_folded() -> None:
    assert shown(family(), By.SPAWN, Wish(collapsed={1})) == ["-main", "  +a", "  -b", "    g"]
    assert shown(family(), By.KIND, Wish(folded=None)) == ["+thread", "+greenlet", "+generator"]
    assert shown(family(), By.KIND, Wish(folded={GREENLETS})) == ["-thread", "  main", "+greenlet", "-generator", "  g"]


def test_what_is_filtered() -> None:
    only = {4, 5}.__contains__
    assert shown(family(), By.NONE, Wish(only=only)) == ["a10", "g"]
    assert shown(family(), By.SPAWN, Wish(only=only)) == ["-main", "  -a", "    a10", "  -b", "    g"]
    assert shown(family(), By.KIND, Wish(only=only)) == ["-greenlet", "  a10", "-generator", "  g"]


def test_sorted_by_name_numbers_count_as_such() -> None:
    key = sorting(family().timeline(), RowOrder.NAME)
    assert shown(family(), By.NONE, Wish(key=key)) == ["a", "a2", "a10", "b", "g", "main"]
    assert shown(family(), By.SPAWN, Wish(key=key)) == ["-main", "  -a", "    a2", "    a10", "  -b", "    g"]


def test_a_name_of_ten_thousand_digits_can_be_sorted() -> None:
    tape = Tape().spawn("1" + "0" * 10_000, words.GENERATOR).spawn("9" * 9_999, words.GENERATOR)
    found = shown(tape, By.NONE, Wish(key=sorting(tape.timeline(), RowOrder.NAME)))
    assert [name[:1] for name in found] == ["9", "1", "m"]


def test_sorted_by_time_in_a_state_the_longest_first() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main")
    for name in ("a", "b"):
        tape.spawn(name, words.GREENLET, parent="hub", creator="main")
    tape.waits("main", words.SLEEP, "9 s").switch("main", "hub").at(10_000_000).switch("hub", "a").at(15_000_000)
    tape.waits("a", words.SLEEP, "1 s").switch("a", "hub").at(20_000_000).switch("hub", "b").at(60_000_000)
    tape.waits("b", words.SLEEP, "1 s").switch("b", "hub").at(100_000_000).wake("a", "hub", words.TIMER).at(120_000_000)
    tape.switch("hub", "a").waits("a", words.SLEEP, "1 s").switch("a", "hub")
    found = {
        order: shown(tape, By.NONE, Wish(key=sorting(tape.timeline(), order)))
        for order in (RowOrder.RUNNING, RowOrder.READY, RowOrder.WAITING)
    }
    assert [name for name in found[RowOrder.RUNNING] if name != "main"] == ["hub", "b", "a"]
    assert found[RowOrder.READY][0] == "a"
    assert found[RowOrder.WAITING] == ["main", "a", "b", "hub"], "a hub's waiting does not count"


def test_two_that_spawned_one_another_are_shown_all_the_same() -> None:
    timeline = family().timeline()
    timeline.tracks[1].creator, timeline.tracks[3].creator = 3, 1
    found = GROUPINGS[By.SPAWN](timeline, RowList(timeline), Wish())
    assert [(row.track, row.depth) for row in found] == [(0, 0), (2, 1), (5, 2), (1, 0), (3, 1), (4, 1)]


def test_a_chain_of_spawns_may_be_long() -> None:
    tape = Tape()
    for number in range(3_000):
        tape.spawn(str(number), words.GREENLET, creator=str(number - 1) if number else "main")
    timeline = tape.timeline()
    assert [row.depth for row in GROUPINGS[By.SPAWN](timeline, RowList(timeline), Wish())] == list(range(3_001))


ROWS = [
    Row(0, 0, True),
    Row(1, 1, False),
    Row(2, 1, True, False, GREENLETS, (2, 3)),
    Row(2, 2, False),
    Row(3, 2, False),
]


def test_what_is_pinned_comes_first_with_what_belongs_to_it() -> None:
    assert lifted(ROWS, [], set()) == (ROWS, 0)
    assert lifted(ROWS, [1], set()) == ([Row(1, 0, False), *ROWS[:1], *ROWS[2:]], 1)
    top = [Row(2, 0, True, False, GREENLETS, (2, 3)), Row(2, 1, False), Row(3, 1, False)]
    assert lifted(ROWS, [GREENLETS], set()) == ([*top, *ROWS[:2]], 3)
    assert lifted(ROWS, [3, GREENLETS], set()) == ([Row(3, 0, False), *top[:2], *ROWS[:2]], 3)
    folded = [*ROWS[:2], Row(2, 1, True, True, GREENLETS, (2, 3))]
    assert lifted(folded, [3], set()) == ([Row(3, 0, False), *folded], 1), "it would be folded away"


def test_what_is_hidden_goes_and_with_a_group_its_members() -> None:
    assert lifted(ROWS, [], {1}) == ([ROWS[0], *ROWS[2:]], 0)
    assert lifted(ROWS, [], {0}) == (ROWS[1:], 0)
    assert lifted(ROWS, [], {GREENLETS}) == (ROWS[:2], 0)
    assert lifted(ROWS, [1], {1}) == ([ROWS[0], *ROWS[2:]], 0)


@given(timelines(), st.sampled_from(By), st.sampled_from(RowOrder), st.data())
def test_each_track_has_one_row_whatever_is_wished(
    timeline: Timeline, by: By, order: RowOrder, data: st.DataObject
) -> None:
    found = GROUPINGS[by](timeline, RowList(timeline), Wish(key=sorting(timeline, order)))
    tracks = [row.track for row in found if row.group is None]
    assert sorted(tracks) == sorted(timeline.tracks)
    subjects: list[Subject] = [row.group or row.track for row in found]
    pinned = data.draw(st.lists(st.sampled_from(subjects), unique=True)) if subjects else []
    lifted_rows, count = lifted(found, pinned, set())
    assert sorted(row.track for row in lifted_rows if row.group is None) == sorted(timeline.tracks)
    assert len(lifted_rows) == len(found)
    assert count >= len(pinned)
