"""The label on a slice: what the track waits for, or which track blocks the hub."""

from __future__ import annotations

import re

from visualizer.analysis.model.blocking import LATE_NS
from visualizer.analysis.model.timeline import State, Suspension, Switch, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.sentences import IS_CALL, Length, sentence
from visualizer.paint.text.cell_width import cell_width, fit_sentence, is_wider
from visualizer.trace import words

#: The label of a blocked hub if there is no room for the name of the blocking track.
_BLOCKED = "blocked"
#: Arguments of a call that are longer than this are left out.
_LONGEST_ARGUMENTS = 12
#: What a sentence says in brackets of its cause: "its 10 ms sleep is over (5.1 ms late) → handler runs". That a track
#: raised something is no mere remark.
_REMARK = re.compile(r" \((?!raised )[^()]*\)(?= → )")


def labels(timeline: Timeline, track: Track, index: int) -> list[str]:
    """The label of slice number `index` of the track, then shorter ones; mostly []."""
    state, about = track.slices.state[index], track.slices.about[index]
    if state == State.BLOCKED:
        return [plain(f"{_BLOCKED} by {timeline.name(about)}"), _BLOCKED]
    # A hub waits whenever another track runs: that needs no label.
    if state != State.WAITING or track.schedules:
        return []
    suspension = timeline.suspensions[about]
    found = wait_labels(timeline, suspension)
    late_ns = _late_ns(timeline, track, index, suspension)
    # The end of such a wait is none any more: its time was over, and nobody saw to it.
    return [f"{found[0]}, {duration(late_ns, 2)} late", *found] if late_ns >= LATE_NS else found


def _late_ns(timeline: Timeline, track: Track, index: int, suspension: Suspension) -> int:
    """How long its timer had been due when it ended the wait that is slice number `index`; 0 if none did."""
    if suspension.asked_ns <= 0 or index + 1 == len(track.slices):
        return 0
    wakeup, _ = timeline.made_ready(track, index + 2)
    is_timed = wakeup is not None and wakeup.cause in (words.TIMER, words.TIMEOUT)
    return wakeup.t_ns - suspension.t_ns - suspension.asked_ns if wakeup is not None and is_timed else 0


def wait_labels(timeline: Timeline, suspension: Suspension) -> list[str]:
    """The label, and after it shorter ones that still say it."""
    label = wait_label(timeline, suspension)
    function, parenthesis, arguments = label.partition("(")
    shorter = function.rpartition(".")[2] + parenthesis + arguments
    return [label, shorter] if parenthesis and shorter != label else [label]


def values(switch: Switch) -> list[str]:
    """What was handed over by it, if anything; of another tool's slice its name, and after that one without its place.
    """
    if switch.value is None:
        return []
    short = switch.value.partition(" (")[0] if switch.cause == words.SLICE else switch.value
    return [switch.value, short] if short != switch.value else [switch.value]


def wait_label(timeline: Timeline, suspension: Suspension) -> str:
    """Such as "sleep 2 s", "gevent.joinall(…)", "→ consumer", "yield": printable, one line."""
    match suspension.reason:
        case words.SLEEP if suspension.asked_ns >= 0:
            return f"sleep {duration(suspension.sleep_ns)}"
        case words.SLEEP:
            return plain(f"sleep {suspension.on}".strip())
        case words.RESUMED | words.SWITCHED if suspension.on_track in timeline.tracks:
            return plain(f"→ {timeline.name(suspension.on_track)}")
        case words.SUSPENDED:
            return "yield"
    if not suspension.on:
        return "waits for something unknown" if suspension.reason == words.UNKNOWN else plain(suspension.reason)
    function, parenthesis, arguments = suspension.on.partition("(")
    if IS_CALL.search(function) and parenthesis and len(arguments) > _LONGEST_ARGUMENTS:
        return plain(f"{function}(…)")
    return plain(suspension.on)


def brief(timeline: Timeline, said: str, suspension: int, width: int) -> str:
    """What is `said` of suspension number `suspension` (-1: of none); where it takes more than `width` cells, without
    the arguments of the call that waits, which are in the source: what follows them matters more."""
    if suspension < 0 or cell_width(said) <= width:
        return said
    call = plain(timeline.suspensions[suspension].on)
    function, parenthesis, arguments = call.partition("(")
    is_call = parenthesis and IS_CALL.search(function)
    return said.replace(call, f"{function}(…)") if is_call and len(arguments) > 2 else said


def told_within(timeline: Timeline, index: int, width: int) -> str:
    """The sentence of switch number `index` in at most `width` cells: without the arguments of the call that waits, and
    with the name of the track that runs only once, and without a remark in brackets, before anything is cut."""
    suspension, said = timeline.switch(index).suspension, ""
    for length in Length:
        said = brief(timeline, plain(sentence(timeline, index, length)), suspension, width)
        if not is_wider(said, width):
            return said
    without = _REMARK.sub("", said)
    return without if not is_wider(without, width) else fit_sentence(said, width).rstrip()
