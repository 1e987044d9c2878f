"""Any sequence of events, sensible or not: a trace may be damaged, and clocks may stand still."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.unit.analysis.tape import feed
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace import events as ev
from visualizer.trace import words

_GAPS = st.one_of(st.just(0), st.integers(0, 30), st.integers(0, 10**7))
NAMES = st.text(max_size=12)
#: What happens, to whom, with whom, and a text.
_STEPS = st.tuples(_GAPS, st.integers(0, 12), st.integers(-1, 5), st.integers(-1, 5), st.integers(-1, 3))
_REASONS = (words.SLEEP, words.JOIN, words.UNKNOWN, "odd", words.SLEEP, words.JOIN)


def _event(t_ns: int, what: int, track: int, other: int, text: int) -> ev.Event:
    match what:
        case 0 | 1 | 2:
            return ev.Switch(t_ns, track, other, words.SWITCH, text, -1)
        case 3:
            return ev.Resume(t_ns, track, words.SEND, text, -1)
        case 4:
            return ev.Yield(t_ns, track, text, -1)
        case 5 | 6:
            return ev.Spawn(t_ns, track, words.KINDS[other % len(words.KINDS)], text, other, other, -1)
        case 7:
            return ev.Wake(t_ns, track, other, words.TIMER)
        case 8:
            return ev.Wait(t_ns, track, _REASONS[other], text, other)
        case 9:
            return ev.Poll(t_ns, track, other % 2)
        case 10:
            return ev.Exit(t_ns, track, words.OUTCOMES[other % len(words.OUTCOMES)], text)
        case 11:
            return ev.Idle(t_ns, words.CURRENT, other % 2)
    return ev.Thread(t_ns, track)


@st.composite
def timelines(draw: st.DrawFn, names: st.SearchStrategy[str] = NAMES) -> Timeline:
    timeline = Timeline()
    target, python, message, *texts = draw(st.lists(names, min_size=7, max_size=7))
    timeline.header = ev.Header(words.FORMAT, words.VERSION, target=target, python=python)
    feed(timeline, [ev.Text(number, text) for number, text in enumerate(texts)])
    t_ns = 0
    for gap_ns, *step in draw(st.lists(_STEPS, max_size=40)):
        t_ns += gap_ns
        feed(timeline, [_event(t_ns, *step)])
    if draw(st.booleans()):
        feed(timeline, [ev.Note(t_ns, message)])
        feed(timeline, [ev.Dropped(t_ns, message, 3)])
        feed(timeline, [ev.Uncaught(t_ns, target, message)])
        feed(timeline, [ev.End(t_ns + draw(_GAPS), 1, draw(st.integers(0, 70)))])
    return timeline


@st.composite
def greenlet_runs(draw: st.DrawFn) -> Timeline:
    """Greenlets of one thread that switch to one another as they can; what they do in between is left out."""
    timeline = Timeline()
    t_ns, current = 0, 0
    for track in range(4):
        feed(timeline, [ev.Spawn(0, track, words.GREENLET if track else words.THREAD, -1, 0 if track else -1, -1, -1)])
    for gap_ns, step in draw(st.lists(st.tuples(_GAPS, st.integers(1, 3)), max_size=60)):
        t_ns += gap_ns
        feed(timeline, [ev.Switch(t_ns, current, (current + step) % 4, words.SWITCH, -1, -1)])
        current = (current + step) % 4
    feed(timeline, [ev.End(t_ns + draw(_GAPS), 0, 0)])
    return timeline


@st.composite
def naps(draw: st.DrawFn) -> Timeline:
    """A hub of one thread that polls now and then, briefly or for long, and wakes a greenlet in between."""
    timeline = Timeline()
    for track, kind in enumerate((words.THREAD, words.HUB, words.GREENLET)):
        feed(timeline, [ev.Spawn(0, track, kind, -1, track - 1, -1, -1)])
    feed(timeline, [ev.Switch(0, 0, 1, words.SWITCH, -1, -1)])
    t_ns = 0
    for idle_ns, busy_ns in draw(st.lists(st.tuples(_GAPS, _GAPS), max_size=30)):
        feed(timeline, [ev.Poll(t_ns, 1, 1)])
        feed(timeline, [ev.Poll(t_ns + idle_ns, 1, 0)])
        feed(timeline, [ev.Switch(t_ns + idle_ns, 1, 2, words.SWITCH, -1, -1)])
        t_ns += idle_ns + busy_ns
        feed(timeline, [ev.Switch(t_ns, 2, 1, words.SWITCH, -1, -1)])
    if draw(st.booleans()):
        feed(timeline, [ev.End(t_ns + draw(_GAPS), 0, 0)])
    return timeline
