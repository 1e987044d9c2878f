"""Who spawned whom."""

from __future__ import annotations

from tests.unit.analysis.tape import Tape, feed
from visualizer.analysis.explore.spawn_tree import Family, Kin
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace import words


def tree(family: Family, timeline: Timeline, creator: int = words.NOBODY) -> dict[str, object]:
    """The whole tree by names."""
    return {
        timeline.name(track): tree(family, timeline, track)
        for _, tracks in family.children(creator)
        for track in tracks
    }


def tape() -> Tape:
    made = Tape()
    made.spawn("hub", words.HUB, parent="main").spawn("a", words.GREENLET, parent="hub", creator="main")
    made.spawn("b", words.GREENLET, parent="hub", creator="a").spawn("c", words.GREENLET, parent="hub", creator="a")
    return made


def test_children_stand_below_their_creator_or_else_below_their_parent() -> None:
    timeline = tape().timeline()
    family = Family(timeline)
    assert family.take()
    assert tree(family, timeline) == {"main": {"hub": {}, "a": {"b": {}, "c": {}}}}
    assert not family.take()


def test_what_comes_later_is_taken_in_and_a_new_name_makes_it_anew() -> None:
    made = tape()
    timeline = made.timeline()
    family = Family(timeline)
    family.take()
    before = len(made.events)
    made.spawn("d", words.GREENLET, name="b", parent="hub", creator="b")
    feed(timeline, made.events[before:])
    assert family.take()
    assert tree(family, timeline) == {"main": {"hub": {}, "a": {"b-1": {"b-2": {}}, "c": {}}}}
    before = len(made.events)
    made.rename("c", "b")
    feed(timeline, made.events[before:])
    assert family.take()
    assert list(family.children(made.ids["a"])) == [
        (Kin(made.ids["a"], words.GREENLET, "b"), [made.ids["b"], made.ids["c"]])
    ]


def test_a_creator_that_is_not_known_or_comes_later_is_none() -> None:
    made = Tape()
    made.spawn("a", words.GREENLET, creator=2).spawn("b", words.GREENLET, creator=1).spawn(
        "c", words.GREENLET, creator=77
    )
    made.spawn("d", words.GREENLET, parent=4, creator=4)
    timeline = made.timeline()
    family = Family(timeline)
    family.take()
    assert tree(family, timeline) == {"main": {}, "a": {"b": {}}, "c": {}, "d": {}}
