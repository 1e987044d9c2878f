"""The only thread of a program waits for what only another thread would bring about.

What it waits for is not recorded, as nothing of threads is before the second of them begins: it is inferred from its
samples, and from the source that the trace carries.
"""

from __future__ import annotations

import ast
import re

from visualizer.analysis.findings.base import STUCK_NS, Finding, end_told, finding
from visualizer.analysis.model.timeline import Place, State, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.hot_lines import hot_line, mostly, spot_of
from visualizer.analysis.text.source_text import (
    called,
    function_at,
    imports,
    in_block_of,
    lines_with,
    source_line,
    written,
)
from visualizer.trace import words

_LOCKS = frozenset(("threading.Lock", "threading.Semaphore", "threading.BoundedSemaphore"))
_QUEUES = frozenset(("queue.Queue", "queue.LifoQueue", "queue.PriorityQueue"))
#: Of these classes this call without a time limit waits for another thread, which ends that by one of these methods.
_WAITS = (
    (_LOCKS, "acquire", ("release",)),
    (_QUEUES | {"queue.SimpleQueue"}, "get", ("put", "put_nowait")),
    (_QUEUES, "put", ("get", "get_nowait")),
    (_QUEUES, "join", ("task_done",)),
    (frozenset(("threading.Event",)), "wait", ("set",)),
    (frozenset(("threading.Condition",)), "wait", ("notify", "notify_all")),
    (frozenset(("threading.Barrier",)), "wait", ("wait", "abort", "reset")),
    (frozenset(("concurrent.futures.Future",)), "result", ("set_result", "set_exception", "cancel")),
)
#: The first line of a `with` of one thing.
_WITH = re.compile(r"with\s+([\w.]+)\s*:")
_COMMENT = re.compile(r"#.*")


def waits_for_another(timeline: Timeline, main: Track) -> Finding | None:
    """The thread `main`, beside which no other is left, was seen in such a wait, and at no other line, for STUCK_NS or
    longer up to the end."""
    if main.state is not State.IDLE:
        return None
    since_ns = _since_ns(timeline, main)
    seen = mostly(timeline, main.id, since_ns, timeline.last_ns)
    lasted_ns = timeline.last_ns - since_ns
    if seen is None or lasted_ns < STUCK_NS:
        return None
    place = seen.place
    thing, shown = _waited_for(timeline, place, seen.called)
    if not thing:
        return None
    holds = _holds(timeline, place, seen.called, thing.rpartition(".")[2])
    sentence = (
        f"{timeline.name(main.id)} waited for {duration(lasted_ns, 2)} in {shown}, "
        f"{hot_line(timeline, seen, quotes=False)}{holds} → no other thread was left that could end that "
        f"(inferred from the source), until {end_told(timeline)}"
    )
    return finding("deadlock", sentence, (main.id,), since_ns, place, lasted_ns, (main.id,))


def _since_ns(timeline: Timeline, main: Track) -> int:
    """Since when, at the latest, it has been idle in the line in which it was seen last."""
    samples = timeline.samples
    since_ns, line = timeline.last_ns, None
    for number in reversed(samples.between(main.id, main.slices.start_ns[-1], timeline.last_ns)):
        place = timeline.place(samples.place[number])
        if place is None or (line is not None and (place.file, place.line) != line):
            break
        since_ns, line = samples.ns[number], (place.file, place.line)
    return since_ns


def _waited_for(timeline: Timeline, place: Place, caller: Place | None) -> tuple[str, str]:
    """What is waited for at a place without a limit, as it is called there, and the wait as it is written; ("", "") if
    it is not sure that only another thread ends that, and that nothing else in the source would."""
    enters = _WITH.match(source_line(timeline, place).partition("#")[0].strip())
    expression = " ".join(written(timeline, place).split())
    # Up to 3.11 the place of what is entered is that of the whole block.
    if enters is not None and (expression == enters[1] or expression.startswith("with ")):
        thing, method, shown = enters[1], "acquire", f"`{enters[0]}`"
    else:
        call = called(expression)
        if call is None or _arguments(expression) != (call.method == "put"):
            return "", ""
        thing, method, shown = call.thing, call.method, expression
    if re.fullmatch(r"[\w.]+", thing) is None:
        return "", ""
    name = re.escape(thing.rpartition(".")[2])
    made = _classes(timeline, place.file, name)
    endings = next((endings for classes, wait, endings in _WAITS if wait == method and made <= classes), ())
    is_sure = made and endings and not _may_end_elsewhere(timeline, place, caller, name, endings)
    return (thing, shown) if is_sure else ("", "")


def _may_end_elsewhere(
    timeline: Timeline, place: Place, caller: Place | None, name: str, endings: tuple[str, ...]
) -> bool:
    """Whether anything in the source but the function that waits, and its caller, calls one of these methods, or may
    hand it on: to a handler of signals, or to code that has threads which are not Python's. Or nothing calls any of an
    event: so waits who is to do nothing but be there until a signal comes."""
    waits = {function_at(timeline, one) for one in (place, caller) if one is not None}
    ends = rf"(?<!\w){name}\.(?:{'|'.join(endings)})"
    handed = re.compile(rf"[(,=:]\s*(?:\w+\.)*{name}\s*(?:[,)\]}}]|$)|{ends}\b(?!\()|\blambda\b.*(?<!\w){name}\b")
    if next(lines_with(timeline, handed), None) is not None:
        return True
    places = [function_at(timeline, one) for one in lines_with(timeline, re.compile(rf"{ends}\("))]
    return not waits.issuperset(places) or ("set" in endings and not places)


def _arguments(expression: str) -> int | None:
    """How many arguments a call is given; None if one has a name or a star, or it is no call."""
    try:
        call = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not isinstance(call, ast.Call) or call.keywords or any(isinstance(one, ast.Starred) for one in call.args):
        return None
    return len(call.args)


def _classes(timeline: Timeline, file: str, name: str) -> set[str]:
    """All that the file makes what is called so of (`name` is a pattern); with "" where that is no call, or it may come
    from elsewhere."""
    text = _COMMENT.sub("", timeline.sources.get(file, ""))
    known = imports(text)
    found = set()
    for made in re.finditer(rf"(?<!\w){name}\b[ \t]*(?::[^=\n]+)?=(?!=)[ \t]*(.*)", text):
        call = re.match(r"([\w.]+)\(", made[1])
        first, dot, rest = call[1].partition(".") if call is not None else ("", "", "")
        found.add(known.get(first, first) + dot + rest if call is not None else "")
    # A parameter, or what a loop goes through, may be anything.
    others = rf"\bdef\b[^:\n]*[(,]\s*{name}\b|\b(?:for|as|import)\b[^:;\n]*(?<![\w.]){name}\b"
    return found | {""} if re.search(others, text) else found


def _holds(timeline: Timeline, place: Place, called_at: Place | None, name: str) -> str:
    """That it has what it waits for itself, where its function, or the caller of that, is in the `with` block of it."""
    for one in (place, called_at):
        if one is not None and in_block_of(timeline, one, name):
            return f", inside of another `with {name}` (around {spot_of(one)})"
    return ""


def only_thread(timeline: Timeline) -> Track | None:
    """The only thread that has not ended; None if there are others."""
    left = [track for track in timeline.tracks.of_kind(words.THREAD) if track.exit_ns < 0]
    return left[0] if len(left) == 1 else None
