"""What a track does next, from each of its moments."""

from __future__ import annotations

from pathlib import Path

from tests.unit.analysis.tape import Tape
from visualizer.analysis.load.loader import load
from visualizer.analysis.text.upcoming import what_next
from visualizer.trace import words

GOLDEN = Path(__file__).parents[3] / "golden"


def prospects(name: str, track: str) -> list[str]:
    """What comes next, asked at the beginning of each slice of the track (of two at one time, of the last); durations
    left out."""
    timeline, _ = load(str(GOLDEN / f"{name}.trace"))
    known = next(t for t in timeline.tracks.values() if timeline.name(t.id) == track)
    said = [what_next(timeline, known.id, t_ns) for t_ns in known.slices.start_ns]
    units = ("ms", "s", "µs")
    return [" ".join(word for word in one.split() if not word[0].isdigit() and word not in units) for one in said]


def test_of_a_gevent_greenlet() -> None:
    assert prospects("gevent_sleeps", "bar") == [
        "in it runs", "in it runs", "in it sleeps", "in it is woken by hub and runs at once",
        "in it ends", "in it ends", "",
    ]


def test_of_a_generator() -> None:
    first = prospects("producer_consumer", "main")[:4]
    assert first == ["in it resumes consumer", "in it runs", "in it resumes consumer", "in it runs"]


def test_of_one_that_is_never_resumed() -> None:
    assert prospects("ping_pong", "test1")[-1] == "nothing more happens to it before the end of the trace"


def test_of_one_that_fails() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main").spawn("worker", words.GREENLET, parent="hub")
    tape.switch("main", "hub").switch("hub", "worker")
    t_ns = tape.t_ns
    timeline = tape.at(t_ns + 3_000_000).exits("worker", words.RAISED, "KeyError('a')").timeline()
    assert what_next(timeline, tape.ids["worker"], t_ns) == "in 3 ms it fails with KeyError('a')"


def test_before_its_first_moment() -> None:
    timeline, _ = load(str(GOLDEN / "gevent_sleeps.trace"))
    bar = next(track for track in timeline.tracks.values() if timeline.name(track.id) == "bar")
    assert what_next(timeline, bar.id, bar.spawn_ns - 1_000_000) == "in 1 ms it is created"


def test_in_fewer_words_when_it_runs_is_left_out() -> None:
    timeline, _ = load(str(GOLDEN / "gevent_sleeps.trace"))
    bar = next(track for track in timeline.tracks.values() if timeline.name(track.id) == "bar")
    t_ns = next(t_ns for t_ns in bar.slices.start_ns if "woken" in what_next(timeline, bar.id, t_ns))
    assert what_next(timeline, bar.id, t_ns).endswith(" it is woken by hub and runs at once")
    assert what_next(timeline, bar.id, t_ns, short=True).endswith(" it is woken by hub")
