"""Loops of the program's own: a `while` loop that asks `select` and has generators resumed in turn. What one of those
does to the others is inferred: nobody sees what such a loop keeps, or whom it would have run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from visualizer.analysis.findings.base import (
    HOG_NS,
    LEAK_ENDED_SHARE,
    LEAK_OF,
    NAMED_NS,
    STARVED_AGAIN,
    STARVED_NS,
    STARVED_SHARE,
    STUCK_NS,
    VAIN_SHARE,
    Finding,
    at,
    finding,
    function_of,
    is_over,
    listed,
    spawned_told,
    spot,
)
from visualizer.analysis.findings.collector import Observed, once
from visualizer.analysis.findings.kept_off import kept_off, kept_off_told
from visualizer.analysis.model.timeline import Place, State, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.hot_lines import hot_line, lines_sampled, mostly
from visualizer.analysis.text.own_loops import SelectingLoop, handed_to, selecting_loop
from visualizer.analysis.text.source_text import written
from visualizer.analysis.text.vain_tries import vain_try
from visualizer.trace import words
from visualizer.trace.columns import Column

#: Generators that resume one another are followed so far.
_DEEPEST = 100
#: Who was always resumed this long, or longer, after it had yielded that number of seconds, slept so long; at least
#: once hardly longer.
_SLEEP_NS = 1_000_000
_SOON_NS = 5_000_000
_SLEEPS = 5
#: Between two steps a loop does little, if it does not poll.
_LITTLE_NS = 1_000_000
_DIGITS = 20
#: So many others are named.
_NAMED = 3
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e-\d+)?(?![\w.])")
#: Who yields that, or a number, waits for a descriptor, or for time.
_DESCRIPTORS = re.compile(r"sock|conn|client|server|peer|pipe|file|\bfd|fileno|read|writ|recv|send|accept|\bio\b", re.I)


class OwnLoop(NamedTuple):
    """`driver` resumes `members` at `place`, in a loop that asks.

    By step, in order: when it began and ended, whom it resumed, the number of the switch that ended it (-1 at the end
    of the trace), and for how long that ran.
    """

    driver: Track
    place: Place
    asks: SelectingLoop
    members: list[int]
    start_ns: Column
    end_ns: Column
    whom: Column
    switch: Column


@once
def own_loops(timeline: Timeline, observed: Observed) -> list[OwnLoop]:
    """Those of threads without a hub. Not where the function that resumes them also makes them, as a pipeline does."""
    hubs = {timeline.tracks[one].parent for one in timeline.tracks.scheduling()}
    resumed: dict[tuple[int, Place], list[int]] = {}
    for (resumer, where), several in timeline.schedulers.known.items():
        driver, place = timeline.tracks.get(resumer), timeline.place(where)
        if driver is not None and place is not None and driver.kind == words.THREAD and driver.id not in hubs:
            line = Place(*place[:3], -1, -1, -1)
            resumed.setdefault((driver.id, line), []).extend(one for one in several if one in timeline.tracks)
    found = []
    for (resumer, place), several in resumed.items():
        driver, members = timeline.tracks[resumer], [*dict.fromkeys(several)]
        asks = selecting_loop(timeline, place)
        made = [timeline.tracks[one].place for one in members]
        if asks is None or any(one is not None and one[:2] == place[:2] for one in made):
            continue
        found.append(OwnLoop(driver, place, asks, members, *_steps(timeline, driver, place)))
    return found


def _steps(timeline: Timeline, driver: Track, where: Place) -> tuple[Column, Column, Column, Column]:
    slices, suspensions = driver.slices, timeline.columns.suspensions
    about = np.asarray(slices.about)
    resumes: Column = (np.asarray(slices.state) == State.WAITING) & (about >= 0)
    # One line may have several numbers.
    known = [(reason, timeline.place(place)) for reason, _, place in suspensions.details.known]
    wanted = [reason == words.RESUMED and place is not None and place[:3] == where[:3] for reason, place in known]
    resumes[resumes] = np.array(wanted, dtype=bool)[np.asarray(suspensions.detail)[about[resumes]]]
    (those,) = np.nonzero(resumes)
    edges_ns = np.append(slices.start_ns, timeline.last_ns)
    whom = np.asarray(suspensions.on_track)[about[those]]
    return edges_ns[those], edges_ns[those + 1], whom, np.append(about, -1)[those + 1]


def _ran(timeline: Timeline, track: int, start_ns: int, end_ns: int, depth: int = 0) -> tuple[int, int]:
    """For how long the track ran in that time, with the generators that it resumed; and which of these ran longest."""
    slices = timeline.tracks[track].slices
    total_ns, most_ns, longest = 0, 0, track
    first, last = max(0, slices.at(start_ns)), slices.at(end_ns - 1)
    edges_ns = np.append(slices.start_ns, timeline.last_ns)
    for number in range(first, last + 1):
        since_ns, until_ns = max(start_ns, int(edges_ns[number])), min(end_ns, int(edges_ns[number + 1]))
        ran_ns, who = max(0, until_ns - since_ns), track
        if slices.state[number] == State.WAITING and slices.about[number] >= 0:
            waits = timeline.suspensions[slices.about[number]]
            inner = waits.on_track
            if waits.reason != words.RESUMED or inner not in timeline.tracks:
                continue
            if ran_ns >= NAMED_NS and depth < _DEEPEST:
                ran_ns, who = _ran(timeline, inner, since_ns, until_ns, depth + 1)
        elif slices.state[number] != State.RUNNING:
            continue
        total_ns += ran_ns
        if ran_ns > most_ns:
            most_ns, longest = ran_ns, who
    return total_ns, longest


def hogs_of_loops(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A step of HOG_NS or longer while the loop had other generators that had not ended. One for each generator and
    line, about the longest; it costs at least how long that ran."""
    off = kept_off(timeline, observed)
    found: dict[tuple[int, Place | None], list[tuple[int, str]]] = {}
    for loop in own_loops(timeline, observed):
        for number in np.flatnonzero(loop.end_ns - loop.start_ns >= HOG_NS).tolist():
            member, start_ns, end_ns = (int(of[number]) for of in (loop.whom, loop.start_ns, loop.end_ns))
            ran_ns, innermost = _ran(timeline, member, start_ns, end_ns)
            own_ns = min(ran_ns, off.own_ns(loop.driver.id, start_ns, end_ns))
            track = timeline.tracks[member]
            others = [one for one in map(timeline.tracks.__getitem__, loop.members) if one.id != member]
            kept = [one for one in others if one.spawn_ns < start_ns and not 0 <= one.exit_ns < end_ns]
            if own_ns < HOG_NS or not kept:
                continue
            seen = mostly(timeline, innermost, start_ns, end_ns)
            yielded = _yielded_at(timeline, track, end_ns)
            place = seen.place if seen is not None else yielded or track.place
            where = hot_line(timeline, seen) if seen is not None else f"until it yielded{at(yielded)}"
            if seen is None and yielded is None:
                where = "until it ended" + (f" ({spawned_told(track.place)})" if spot(track.place) else "")
            kept_told = kept_off_told(end_ns - start_ns, own_ns)
            others_told = f"{len(kept)} other generator{'s' * (len(kept) > 1)}"
            sentence = (
                f"{timeline.name(member)} ran for {duration(end_ns - start_ns, 2)} without yielding{kept_told}, "
                f"{where} → its loop ({spot(loop.place)}) could run none of its {others_told} meanwhile (inferred)"
            )
            key = member, place and Place(place.file, place.function, place.line, -1, -1, -1)
            found.setdefault(key, []).append((own_ns, f"{start_ns} {sentence}"))
    for (member, place), several in found.items():
        _, told = max(several)
        start, _, sentence = told.partition(" ")
        total_ns = sum(own_ns for own_ns, _ in several)
        more = f"; the longest of {len(several)} such runs" if len(several) > 1 else ""
        yield finding("hog", sentence + more, (member,), int(start), place, total_ns)


def _yielded_at(timeline: Timeline, track: Track, t_ns: int) -> Place | None:
    """Where it, or who it waits for in a `yield from`, stands suspended from that time on; None if it does not."""
    number = track.slices.at(t_ns)
    if number < 0 or track.slices.state[number] != State.WAITING or track.slices.about[number] < 0:
        return None
    return timeline.innermost(timeline.suspensions[track.slices.about[number]]).place


def leaks_of_loops(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """LEAK_OF or more generators that one line made, each in a track of its own that has ended since (so they are no
    crew), which the loop ran once and never again, up to the end, half of them for STUCK_NS or longer, and hardly one
    of which has ended; not those that yielded what may be a descriptor, or a number."""
    if not is_over(timeline):
        return
    for loop in own_loops(timeline, observed):
        steps = dict(zip(*(of.tolist() for of in np.unique(loop.whom, return_counts=True)), strict=True))
        last = dict(zip(loop.whom.tolist(), loop.switch.tolist(), strict=True))
        by_place: dict[Place, list[Track]] = {}
        for one in map(timeline.tracks.__getitem__, loop.members):
            if one.place is not None:
                by_place.setdefault(one.place, []).append(one)
        for place, several in by_place.items():
            left = [one for one in several if one.exit_ns < 0 and steps.get(one.id) == 1 and _left_alone(timeline, one)]
            if len(left) < LEAK_OF or len(several) - len(left) > LEAK_ENDED_SHARE * len(several):
                continue
            if any(_waits_outside(timeline, last[one.id]) for one in left):
                continue
            since_ns = left[len(left) // 2].spawn_ns
            if len({one.creator for one in left}) < len(left) or int(loop.end_ns[-1]) - since_ns < STUCK_NS:
                continue
            yielded = timeline.switch(last[left[0].id]).place
            lasted = duration(left[-1].spawn_ns - left[0].spawn_ns, 2)
            sentence = (
                f"{len(left):,} × {function_of(timeline, left[0])}, {spawned_told(place)} one after another for "
                f"{lasted} → none of them has ended; {timeline.name(left[0].id)} yielded{at(yielded)} at "
                f"{duration(timeline.switch(last[left[0].id]).t_ns, 3)}, and its loop ({spot(loop.place)}) never "
                "resumed it, nor any other of them"
            )
            yield finding("leak", sentence, [one.id for one in left], left[0].spawn_ns, place)


def _left_alone(timeline: Timeline, track: Track) -> bool:
    """Whether who made it has ended, and stands suspended at a yield of its own."""
    creator = timeline.tracks.get(track.creator)
    if creator is None or creator.exit_ns < 0 or track.state is not State.WAITING or track.slices.about[-1] < 0:
        return False
    return timeline.suspensions[track.slices.about[-1]].reason == words.SUSPENDED


def _waits_outside(timeline: Timeline, switch: int) -> bool:
    """Whether what was yielded may be a descriptor, or is a number."""
    if switch < 0:
        return True
    value, place = timeline.switch(switch).value or "", timeline.switch(switch).place
    text = written(timeline, place) if place is not None else ""
    if not text or _DESCRIPTORS.search(value) or _DESCRIPTORS.search(text.partition("yield")[2]):
        return True
    return _NUMBER.fullmatch(value) is not None


def starved_in_loops(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A generator that its loop did not resume for STARVED_NS or longer in total, in waits of NAMED_NS or longer, and
    for STARVED_SHARE of its life, while it resumed others: who asks for its next turn by a bare `yield`, who slept for
    as long as it yielded, as is seen from when it was resumed else, or who has not begun though others that were handed
    to the loop later took turns. Not those who ran for more than half as long as the others; nor behind hogs."""
    off = kept_off(timeline, observed)
    for loop in own_loops(timeline, observed):
        length_ns = loop.end_ns - loop.start_ns
        ran_ns = np.where(length_ns < HOG_NS, length_ns, 0)
        spent_ns = np.concatenate(([0], ran_ns.cumsum()))
        order = loop.whom.argsort(kind="stable")
        members, firsts = np.unique(loop.whom[order], return_index=True)
        for member, mine in zip(members.tolist(), np.split(order, firsts[1:]), strict=True):
            track = timeline.tracks.get(member)
            if track is None or loop.start_ns[mine[-1]] - track.spawn_ns < STARVED_NS:
                continue
            due_ns, knows = _due(timeline, loop, track, mine)
            until_ns = loop.start_ns[mine]
            # From the end of one step to the begin of the next one, or from its creation to the first.
            before = np.concatenate(([loop.start_ns.searchsorted(track.spawn_ns)], mine[:-1] + 1))
            others_ns = spent_ns[mine] - spent_ns[before]
            late_ns = np.minimum(off.left_ns([loop.driver.id] * len(mine), due_ns, until_ns), others_ns)
            late_ns = np.where((late_ns >= NAMED_NS) & (2 * others_ns >= until_ns - due_ns), late_ns, 0)
            total_ns, worst = int(late_ns.sum()), int(late_ns.argmax())
            end_ns = track.exit_ns if track.exit_ns >= 0 else int(loop.end_ns[-1])
            life_ns = max(1, end_ns - track.spawn_ns)
            if total_ns < STARVED_NS or total_ns < STARVED_SHARE * life_ns:
                continue
            if worst and np.count_nonzero(late_ns) < STARVED_AGAIN:
                continue  # It was late once.
            between = slice(int(before[worst]), int(mine[worst]))
            runners, which = np.unique(loop.whom[between], return_inverse=True)
            by_runner_ns = np.bincount(which, ran_ns[between])
            runners = runners[by_runner_ns.argsort()[::-1]].tolist()
            lives = (loop.start_ns >= track.spawn_ns) & (loop.start_ns < end_ns)
            its_ns, most_ns = (int(ran_ns[lives & (loop.whom == one)].sum()) for one in (member, runners[0]))
            if 2 * its_ns > most_ns:
                continue  # It got its share: there was too much to do for all.
            names = Counter(function_of(timeline, timeline.tracks[one]) for one in runners if one in timeline.tracks)
            ran = listed([f"{count} × {name}" if count > 1 else name for name, count in names.items()])
            how = knows if worst else f"was handed to {_handed(timeline, track)}{at(track.place)}"
            sentence = (
                f"{timeline.name(member)} {how}, and its loop ({spot(loop.place)}) resumed it {duration(total_ns, 2)} "
                f"late, {min(100, round(100 * total_ns / life_ns))}% of its life, at most "
                f"{duration(int(late_ns[worst]), 2)} at once, while it resumed {ran} (inferred)"
            )
            place = timeline.switch(int(loop.switch[mine[worst - 1]])).place if worst else track.place
            those = (member, *runners[:_NAMED])
            yield finding("starvation", sentence, those, int(due_ns[worst]), place, total_ns, (member,))


def _due(timeline: Timeline, loop: OwnLoop, track: Track, mine: Column) -> tuple[Column, str]:
    """From when on the generator could have had each of its steps, as far as that is known (else its begin), and why
    that is known of others than the first, in words."""
    due_ns, knows = loop.start_ns[mine], ""
    if _was_passed_over(timeline, loop, track, int(mine[0])):
        due_ns[0] = track.spawn_ns
    if len(mine) <= STARVED_AGAIN:
        return due_ns, knows
    ended_ns, resumed_ns = loop.end_ns[mine[:-1]], loop.start_ns[mine[1:]]
    begins_ns = np.asarray(track.slices.start_ns)
    ready = np.asarray(track.slices.state)[begins_ns.searchsorted(ended_ns, side="right") - 1] == State.READY
    if 2 * np.count_nonzero(ready) > len(ready):
        due_ns[1:] = np.where(ready, ended_ns, resumed_ns)
        return due_ns, "asked for nothing but its next turn"
    yields = timeline.switch(int(loop.switch[mine[0]])) if len(mine) > _SLEEPS else None
    for number in _NUMBER.findall(yields.value or "") if yields is not None else ():
        asked_ns = round(float(number) * 1e9) if len(number) < _DIGITS else 0
        gaps_ns = resumed_ns - ended_ns
        if asked_ns >= _SLEEP_NS and asked_ns - _SLEEP_NS // 10 <= gaps_ns.min() <= asked_ns + _SOON_NS:
            due_ns[1:] = np.minimum(resumed_ns, ended_ns + asked_ns)
            return due_ns, f"yielded {yields.value if yields is not None else ''} to sleep"
    return due_ns, knows


def _was_passed_over(timeline: Timeline, loop: OwnLoop, track: Track, first: int) -> bool:
    """Whether others that were handed to the same after it were resumed STARVED_AGAIN times or more before its first
    step, and none of its own function was handed to it but it."""
    handed = _handed(timeline, track)
    since_ns = int(loop.start_ns[first])
    if not handed or since_ns - track.spawn_ns < STARVED_NS:
        return False
    others = [timeline.tracks[one] for one in loop.members if one != track.id]
    if any(function_of(timeline, one) == function_of(timeline, track) for one in others):
        return False
    later = {one.id for one in others if track.spawn_ns < one.spawn_ns < since_ns and _handed(timeline, one) == handed}
    begun = loop.whom[:first][loop.start_ns[:first] >= track.spawn_ns]
    return bool(later) and sum(one in later for one in begun.tolist()) >= STARVED_AGAIN * len(later)


def _handed(timeline: Timeline, track: Track) -> str:
    place = track.place
    return handed_to(timeline.sources.get(place.file, ""), place.line) if place is not None else ""


def polling_loops(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A loop whose `select` never waits, by the source, and that ran for HOG_NS or longer in all between its steps, for
    _LITTLE_NS or longer each time, and was sampled nowhere else. One for each thread."""
    told = set[int]()
    for loop in own_loops(timeline, observed):
        line = loop.asks.asks
        tried = vain_try(timeline, Place(loop.place.file, loop.asks.function, line, line, -1, -1))
        if tried is None or line not in tried.lines or loop.driver.id in told or not len(loop.start_ns):
            continue
        slices = loop.driver.slices
        first_ns, last_ns = int(loop.start_ns[0]), int(loop.end_ns[-1])
        edges_ns = np.append(slices.start_ns, timeline.last_ns)
        inside = (edges_ns[:-1] >= first_ns) & (edges_ns[1:] <= last_ns) & (np.diff(edges_ns) >= _LITTLE_NS)
        (runs,) = np.nonzero(inside & (np.asarray(slices.state) == State.RUNNING))
        start_ns, end_ns = edges_ns[runs], edges_ns[runs + 1]
        seen = [
            one
            for since_ns, until_ns in zip(start_ns.tolist(), end_ns.tolist(), strict=True)
            for one in lines_sampled(timeline, loop.driver.id, since_ns, until_ns)
        ]
        idle = sum(one.times for one in seen if one.place.file == loop.place.file and one.place.line in tried.lines)
        lost_ns = int(kept_off(timeline, observed).left_ns([loop.driver.id] * len(runs), start_ns, end_ns).sum())
        if lost_ns < HOG_NS or idle < VAIN_SHARE * sum(one.times for one in seen):
            continue
        told.add(loop.driver.id)
        place = Place(loop.place.file, loop.asks.function, line, line, -1, -1)
        sentence = (
            f"{timeline.name(loop.driver.id)} polls: `{tried.written}`{at(place)} never waits (by the source), and its "
            f"loop ran for {duration(lost_ns, 2)} in all between the {len(loop.start_ns):,} steps of its generators"
        )
        yield finding("busy_poll", sentence, (loop.driver.id,), first_ns, place, lost_ns, (loop.driver.id,))
