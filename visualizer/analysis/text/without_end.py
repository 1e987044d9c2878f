"""Whether anybody would ever bring about what is waited for, as far as the source tells."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import NamedTuple

from visualizer.analysis.model.timeline import Suspension, Timeline
from visualizer.trace import words

#: Reason of a wait -> what makes such a thing, and the methods by which another track ends the wait.
_MADE_AND_ENDED: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    reason: (frozenset(makers.split()), frozenset(methods.split()))
    for reason, makers, methods in (
        (words.EVENT, "Event", "set send send_exception"),
        (words.FUTURE, "Future create_future", "set_result set_exception"),
        (words.RESULT, "AsyncResult", "set set_exception"),
        (words.CONDITION, "Condition", "notify notify_all"),
        # Of another one it is not known how many it lets in: those who were let in are to release it.
        (words.SEMAPHORE, "Semaphore(0)", "release"),
        (
            words.QUEUE,
            "Queue LifoQueue PriorityQueue SimpleQueue JoinableQueue LightQueue",
            "put put_nowait send send_nowait",
        ),
    )
}
#: Who keeps a thing so has to take it out again to end a wait for it.
_KEEPS = frozenset(("append", "appendleft", "add", "insert", "setdefault", "put", "put_nowait", "print", "len", "id"))
#: What is made in the call that waits for it, nobody else has: `Event().wait()`.
_MADE_THERE = re.compile(r"(?:\w+\.)*(\w+)\(\)\.\w+\(\)")
_METHODS = frozenset(method for _, methods in _MADE_AND_ENDED.values() for method in methods)


class _Names(NamedTuple):
    """What one source says of names, of which the last part counts.

    `made`: name -> by which functions it is made. `ended`: method -> the names of which that is called or taken; "" for
    what has no name. `given`: names that are handed to functions of others.
    """

    made: dict[str, set[str]]
    ended: dict[str, set[str]]
    given: set[str]


def nobody_would_end(timeline: Timeline, suspension: Suspension, sources: list[str]) -> bool:
    """Whether the program makes the thing itself, by that name, and nothing in its `sources` that may be called so ends
    a wait for it; nor is it handed to anybody else. False where that is not known."""
    makers, methods = _MADE_AND_ENDED.get(suspension.reason, (frozenset(), frozenset()))
    if not suspension.is_endless:
        return False
    if (there := _MADE_THERE.fullmatch(suspension.on)) is not None and there[1] in makers:
        return True
    name = _waited_for(suspension.on)
    if not name or not makers:
        return False
    names = [_names(source) for source in sources]
    made = {maker for one in names for maker in one.made.get(name, ())}
    if not made or not made <= makers or any(name in one.given for one in names):
        return False
    enders = {ender for one in names for method in methods for ender in one.ended.get(method, ())}
    # Of a loop's variable, or a parameter, it is not known what it stands for.
    others = {other for one in names for other, by in one.made.items() if other != name and by}
    return enders <= others


def _waited_for(on: str) -> str:
    """The last part of the name of what is waited for: "news" of `self.news.wait()`; "" if it has none."""
    written, call, _ = on.partition("(")
    if call:
        written = written.rpartition(".")[0]
    last = written.rpartition(".")[2]
    return last if re.fullmatch(r"[\w.]+", written) and last.isidentifier() else ""


@lru_cache(maxsize=64)
def _names(source: str) -> _Names:
    names = _Names({}, {}, set())
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # Of what cannot be read anything may be so.
        return names._replace(ended={method: {""} for method in _METHODS})
    nodes = [*ast.walk(tree)]
    own = {one.name for one in nodes if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in filter(None, map(_last, targets)):
                names.made.setdefault(target, set()).add(_maker(node.value))
        elif isinstance(node, ast.Attribute) and node.attr in _METHODS:
            names.ended.setdefault(node.attr, set()).add(_last(node.value))
        elif isinstance(node, ast.Call):
            arguments = (*node.args, *(word.value for word in node.keywords))
            given = {_last(part) for one in arguments for part in _parts(one)}
            # A function of its own, or what runs one, hands it on to where it is seen.
            if _last(node.func) not in own | _KEEPS and not given & own:
                names.given.update(given - {""})
    return names


def _maker(call: ast.Call) -> str:
    """What is called; of a semaphore also that it lets nobody in until it is released."""
    maker, given = _last(call.func), [*call.args, *(word.value for word in call.keywords if word.arg == "value")]
    is_shut = maker == "Semaphore" and given and isinstance(given[0], ast.Constant) and given[0].value == 0
    return "Semaphore(0)" if is_shut else maker


def _last(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _parts(node: ast.expr) -> list[ast.expr]:
    """What an argument hands over: itself, or what it is a tuple, list or expression of."""
    starred = [node.value] if isinstance(node, ast.Starred) else []
    inner = node.elts if isinstance(node, ast.Tuple | ast.List) else starred
    return [part for one in inner for part in _parts(one)] or [node]
