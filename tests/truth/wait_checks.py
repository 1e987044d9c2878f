"""What must hold of each wait: for which thing it is, with what limit, and what ended it. As checks.py."""

from __future__ import annotations

import sys

from tests.truth.checks import Attempt, Truth
from tests.truth.program import AFTER
from visualizer.analysis.model.timeline import Suspension, Wakeup
from visualizer.trace import words

#: Types of which one waits for another reason than the one of their name.
_REASONS = {
    "AsyncResult": words.RESULT, "BoundedSemaphore": words.SEMAPHORE, "LifoQueue": words.QUEUE, "RLock": words.LOCK,
    "PriorityQueue": words.QUEUE, "SimpleQueue": words.QUEUE,
}
#: Of code that waits for several things at once; and that has its limit from what is around it.
_SEVERAL = ("gevent.joinall", "gevent.wait", "gevent.iwait")
_AROUND = (
    "Timeout(", "started(", "cancelled(", "_timeout(", "asyncio.wait", "asyncio.timeout", "within(", "as_completed",
)
#: A limit that was set no longer than this before a wait is told whole.
_JUST_NS = 1_000_000
#: Things of threads whose methods are C's.
_IN_C = ("lock ", "RLock ", "SimpleQueue ")
#: What a step gives that cannot tell whether its limit ended it.
_EITHER = repr("either")
_CANCELLED = "CancelledError()"


def check_limits(truth: Truth) -> None:
    """Each wait has the limit that its step gives it, or what is left of that; and none that has none.

    That of a call counts from its first wait, and whole; but who waits for several (with gevent) counts from when the
    loop looked at its clock, so less may be left then. A Timeout, and a limit of asyncio's, counts from when it was
    started, within the step. For the lock that a thing of threads has for itself, one waits without.
    """
    for attempt in truth.attempts:
        limit, every = truth.meaning(attempt.before).limit, truth.suspensions(attempt)
        if limit is None:
            continue
        waits, code = _waits(truth, attempt), _code(truth, attempt)
        whole_ns = round(limit * 1e9) if limit > 0 else int(limit)
        for wait in every:
            most_ns, least_ns = whole_ns, -1
            if wait not in waits:
                most_ns = -1
            elif limit > 0:
                most_ns = max(most_ns - (wait.t_ns - waits[0].t_ns), 1)
                least_ns = max(whole_ns - (wait.t_ns - attempt.before.t_ns), 0)
                # Its limit begins in the call, which may wait long after that for a turn.
                is_at_once = wait is waits[0] and wait.t_ns - attempt.before.t_ns < _JUST_NS
                if any(word in code for word in _SEVERAL):
                    least_ns = most_ns if is_at_once else 0
                elif is_at_once and not any(word in code for word in _AROUND):
                    least_ns = most_ns
            # As long as those who met there have not left all, one waits without.
            is_left = wait.asked_ns == words.NO_LIMIT and code.strip().startswith("r = barrier.wait")
            # That of a call of C's which the line does not tell.
            is_unknown = wait.asked_ns == words.UNKNOWN_LIMIT and wait.object.startswith(_IN_C)
            if is_left or (is_unknown and ("Limit(" in code or "dict(" in code)):
                continue
            # What is waited for behind it, as for the end of what `wait_for` of 3.11 has cancelled, it limits no more;
            # nor does it if who waits was cancelled before.
            is_over = 0 < whole_ns <= wait.t_ns - attempt.before.t_ns or _is_cancelled(attempt)
            is_behind = is_over and wait is not waits[0] and not any(word in code for word in _SEVERAL)
            if wait.asked_ns == words.NO_LIMIT and is_behind:
                continue
            is_just = wait.asked_ns == whole_ns and waits and wait.t_ns - waits[0].t_ns < _JUST_NS
            # A thread works out what is left of it before it waits again.
            is_again = bool(waits) and wait is not waits[0] and "NOTIFIED" in truth.program.source
            is_just = is_just or (is_again and 0 <= wait.asked_ns - most_ns < _JUST_NS)
            assert is_just or least_ns <= wait.asked_ns <= most_ns, f"{attempt} has {wait} among {waits}"


def _is_cancelled(attempt: Attempt) -> bool:
    return attempt.after is None or attempt.after.detail == _CANCELLED


def check_things(truth: Truth) -> None:
    """One thing is the same one in the trace, for whoever waits for it, and no other; and the reason is what it is."""
    known: dict[str, str] = {}
    for attempt in truth.attempts:
        meaning = truth.meaning(attempt.before)
        thing = meaning.waits_for.partition(" ")[0]
        waits = _waits(truth, attempt)
        for wait in waits[:1] if _has_helper(truth, attempt) else waits:
            if _has_helper(truth, attempt) and wait.reason == words.JOIN:
                continue
            if meaning.waits_for.startswith("end of "):
                assert wait.reason == words.JOIN, f"{attempt} has {wait}"
                who = truth.name(wait.on_track) if wait.on_track >= 0 else ""
                assert who == meaning.waits_for[7:] or not (who or meaning.named), f"{attempt} waits for {who}"
            if " or " in meaning.waits_for or thing not in truth.program.things or wait.reason == words.SLEEP:
                continue
            kind = truth.program.things[thing]
            assert wait.reason == _reason(kind), f"{attempt} has {wait}"
            if wait.object or meaning.named:
                assert wait.object.partition(" ")[0] == kind, f"{attempt} has {wait}"
                assert known.setdefault(thing, wait.object) == wait.object, f"{attempt} has {wait}, and not {known}"
    assert len(set(known.values())) == len(known), known


def check_ends_of_waits(truth: Truth) -> None:
    """A wait is ended by its limit if and only if the step found that out; where it cannot, it gives 'either'."""
    for attempt, wake in _ended(truth):
        late = truth.meaning(attempt.before).late
        # In the main thread a signal's handler may have raised, where it is not known when the limit is over.
        if wake.cause == words.UNKNOWN and attempt.before.who == "main" and "Limit(" in _code(truth, attempt):
            continue
        if late and str(attempt.after and attempt.after.detail) != _EITHER:
            is_late = str(attempt.after and attempt.after.detail).startswith(late)
            if _has_helper(truth, attempt):
                # It may find that done when it is late, or waits once more until that is cancelled.
                causes = [wake.cause for wait in _waits(truth, attempt) for wake in truth.wakes(wait)]
                assert words.TIMEOUT in causes or not is_late, f"{attempt} was ended by {causes}"
                continue
            if is_late and "as_completed" in _code(truth, attempt) and wake.cause in (words.FINISHED, words.CALLBACK):
                # It got one, and for the next it did not have to wait: by then its limit was over.
                limit = truth.meaning(attempt.before).limit
                assert attempt.after is not None
                assert limit is not None
                assert attempt.after.t_ns - attempt.before.t_ns >= limit * 1e9, f"{attempt} was ended by {wake}"
                continue
            if wake.cause == words.TIMEOUT and attempt.after is not None and attempt.after.detail == _CANCELLED:
                # Its limit was over, and before it could go on it was cancelled.
                cancels = truth.timeline.cancels.get(wake.track, [])
                assert any(cancel.t_ns >= wake.t_ns for cancel in cancels), f"{attempt} was ended by {wake}"
                continue
            if wake.cause == words.UNKNOWN and _is_any_of_several(truth, attempt, wake):
                continue
            if wake.cause == words.TIMEOUT and _is_after_its_value(truth, attempt, wake):
                continue
            assert (wake.cause == words.TIMEOUT) == is_late, f"{attempt} was ended by {wake}"


def _is_any_of_several(truth: Truth, attempt: Attempt, wake: Wakeup) -> bool:
    """Whether it waited for a lock until its limit, as another one did: either may have it, and no hook sees who."""
    meaning, code = truth.meaning(attempt.before), _code(truth, attempt)
    others = [one for one in truth.attempts if one is not attempt and one.holds(wake.t_ns)]
    is_late = meaning.limit is not None and 0 < meaning.limit * 1e9 <= wake.t_ns - attempt.before.t_ns
    rivals = any(truth.meaning(one.before).waits_for == meaning.waits_for for one in others)
    return sys.version_info >= (3, 12) and ".acquire(" in code and is_late and rivals


def _is_after_its_value(truth: Truth, attempt: Attempt, wake: Wakeup) -> bool:
    """Whether its limit was over, and what it waited for (an AsyncResult) had its value before it went on."""
    meaning = truth.meaning(attempt.before)
    if truth.program.things.get(meaning.waits_for) != "AsyncResult" or attempt.after is None or not meaning.limit:
        return False
    given = [one for one in truth.attempts if truth.meaning(one.before).item == attempt.after.detail]
    is_given = any(one.before.t_ns <= wake.t_ns for one in given)
    return is_given and wake.t_ns - attempt.before.t_ns >= meaning.limit * 1e9


def check_givers(truth: Truth) -> None:
    """Who waited for an item was woken by who gave it, or by who had waited for it and gave up."""
    gives = {meaning.item: line for line, meaning in truth.program.meanings.items() if meaning.item}
    given = {attempt.before.line: attempt for attempt in truth.attempts}
    for attempt, wake in _ended(truth):
        line = gives.get(str(attempt.after and attempt.after.detail))
        if line is None or _has_helper(truth, attempt) or _has_helper(truth, given[line]):
            continue
        if wake.cause == words.TIMEOUT and _is_after_its_value(truth, attempt, wake):
            continue
        thing, waker = truth.meaning(attempt.before).waits_for, truth.name(wake.waker)
        others = [one for one in truth.attempts if one.before.who == waker and one.holds(wake.t_ns)]
        gave_up = any(truth.meaning(one.before).waits_for == thing and one is not attempt for one in others)
        assert gave_up or waker == given[line].before.who, f"{attempt} was ended by {wake}, not by {given[line]}"


def _code(truth: Truth, attempt: Attempt) -> str:
    return truth.program.lines[attempt.before.line - 1]


def _has_helper(truth: Truth, attempt: Attempt) -> bool:
    """Whether what the step waits for is a task that asyncio makes for it (`wait_for`, up to 3.11)."""
    code = _code(truth, attempt)
    return sys.version_info < (3, 12) and ("asyncio.wait_for" in code or "await waits(" in code)


def _reason(kind: str) -> str:
    return _REASONS.get(kind, kind.lower())


def _waits(truth: Truth, attempt: Attempt) -> list[Suspension]:
    """Those of a step, but for those for a lock that what it waits for has for itself."""
    kind = truth.program.things.get(truth.meaning(attempt.before).waits_for.partition(" ")[0])
    is_lock = kind is None or _reason(kind) == words.LOCK
    return [wait for wait in truth.suspensions(attempt) if is_lock or wait.reason != words.LOCK]


def _ended(truth: Truth) -> list[tuple[Attempt, Wakeup]]:
    """Each step that waited and came back, and what ended its last wait."""
    found = []
    for attempt in truth.attempts:
        if attempt.after is not None and (attempt.after.line, attempt.after.phase) == (attempt.before.line, AFTER):
            waits = _waits(truth, attempt)
            wakes = list(truth.wakes(waits[-1])) if waits else []
            if wakes:
                found.append((attempt, wakes[-1]))
    return found


#: Who takes from a queue of threads may take what another one has put than who woke it.
OF_THREADS_WAITS = (check_limits, check_things, check_ends_of_waits)
OF_WAITS = (*OF_THREADS_WAITS, check_givers)
