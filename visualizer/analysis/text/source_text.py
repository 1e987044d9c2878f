"""What the source that a trace carries tells beyond what ran: where a function is written, and who would end a wait.

That is read, never run, and not observed: whoever says it says so. Lines are looked at, not a syntax tree, since the
text is anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from visualizer.analysis.model.timeline import Place, Suspension, Timeline, Track
from visualizer.analysis.text.passed import called_there
from visualizer.trace import words

_DEF = re.compile(r"^([ \t]*)(?:async[ \t]+)?def[ \t]+(\w+)[ \t]*\(")
_LOOP = re.compile(r"[ \t]*(?:while|(?:async[ \t]+)?for)\b")
#: The module that names are imported from, if they are, and these, in brackets or up to the end of the line.
_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+)?import[ \t]+(\([^)]*\)|[^\n;]+)", re.MULTILINE)
_COMMENT = re.compile(r"#.*")
_NEWLINE = re.compile(r"\r\n|\r|\n")
#: Reason of a wait -> the methods of the awaited object by which another track would end it.
_ENDING = {
    words.EVENT: ("set",),
    words.RESULT: ("set", "set_exception"),
    words.SEMAPHORE: ("release",),
    words.LOCK: ("release",),
    words.CONDITION: ("notify", "notify_all"),
}
#: The same of a queue, by the method in which it is waited for.
_ENDING_OF_QUEUE = {"get": ("put", "put_nowait"), "put": ("get", "get_nowait")}
#: What such a method does to the object, where its name does not say that.
_DOES = {"put": "put into", "get": "take from"}
#: Larger texts are nobody's script, and are not looked at.
_LARGEST = 2_000_000
#: Of more who wait the source is not asked.
_CROWD = 64


#: A string, or one character of an expression.
_PIECE = re.compile(r"""(["'])(?:\\.|(?!\1).)*\1?|.""", re.DOTALL)
_METHOD = re.compile(r"(.+)\.(\w+)", re.DOTALL)
_WAIT_FOR = re.compile(r"(?:asyncio\.)?wait_for\(\s*")
#: What stands in brackets, which may have others inside.
_INSIDE = {"[": r"\[(?:[^][\n]|\[[^][\n]*\])*\]", "(": r"\((?:[^()\n]|\([^()\n]*\))*\)"}


class Called(NamedTuple):
    """Of a call as it is written, `self.pending[key].get(1)`: `thing` is "self.pending[key]", `method` is "get".

    `pattern`: matches what is called like the thing, in whatever it stands and whatever its brackets hold.
    """

    thing: str
    method: str
    pattern: str


@lru_cache(maxsize=1024)
def called(expression: str) -> Called | None:
    """The method call that an expression is, which may be cut off behind its parenthesis; None if it is none."""
    groups = _groups(expression)
    method = _METHOD.fullmatch(expression[: groups[-1][0]]) if groups else None
    if method is None or expression[groups[-1][0]] != "(":
        return None
    name, behind = method[1], ""
    for start, end in reversed(groups[:-1]):
        if end == len(name):
            name, behind = name[:start], _INSIDE[name[start]] + behind
    name = name.rpartition(".")[2]
    return Called(method[1], method[2], re.escape(name) + behind) if name.isidentifier() else None


def limited(expression: str) -> str:
    """What is awaited in `asyncio.wait_for(what, limit)`; any other expression as it is."""
    inner = _WAIT_FOR.match(expression)
    if inner is None:
        return expression
    rest = expression[inner.end() :]
    brackets = _groups(rest)
    ends = (at for at, sign in enumerate(rest) if sign in ",)" and not any(a <= at < b for a, b in brackets))
    return rest[: next(ends, len(rest))]


def _groups(text: str) -> list[tuple[int, int]]:
    """From where to where the outermost brackets of a text go; the last may be cut off."""
    found: list[tuple[int, int]] = []
    deep = 0
    for piece in _PIECE.finditer(text):
        if piece[0] in ("(", "["):
            if not deep:
                found.append((piece.start(), len(text)))
            deep += 1
        elif piece[0] in (")", "]") and deep:
            deep -= 1
            if not deep:
                found[-1] = found[-1][0], piece.end()
    return found


class Ending(NamedTuple):
    """`track` would end a wait in line `line` of `file`, had it gone on: "set", "release", "notify", "put into" it."""

    track: int
    file: str
    line: int
    method: str


def definition(timeline: Timeline, track: Track) -> Place | None:
    """The `def` that has the track's name, in the file in which it was spawned; None where there is not just one."""
    if track.place is None or track.place.file not in timeline.sources:
        return None
    name = timeline.own_name(track.id)
    found = _definitions(timeline.sources[track.place.file]).get(name.rpartition(".")[2], [])
    return _whole(timeline, track.place.file, name, found[0]) if len(found) == 1 else None


def function_around(timeline: Timeline, place: Place) -> Place | None:
    """The `def` of the function that a place names, around it; None where it is not found."""
    found = _definitions(timeline.sources.get(place.file, "")).get(place.function.rpartition(".")[2], [])
    around = (_whole(timeline, place.file, place.function, first) for first in reversed(found))
    return next((whole for whole in around if whole.line <= place.line <= whole.end_line), None)


def _whole(timeline: Timeline, file: str, name: str, first: int) -> Place:
    """The function whose `def` is line `first`, up to its last line."""
    lines = _lines(timeline.sources[file])
    last = max((number for number, line in _below(lines, first) if line.strip()), default=first)
    return Place(file, name, first, last, -1, -1)


def source_line(timeline: Timeline, place: Place) -> str:
    """The line of a place as it is written; "" if the trace does not carry it."""
    lines = _lines(timeline.sources.get(place.file, ""))
    return lines[place.line - 1] if 0 < place.line <= len(lines) else ""


def written(timeline: Timeline, place: Place) -> str:
    """The expression at a place, whole, as it is written; "" if the trace does not carry it."""
    return _expression(timeline.sources.get(place.file, ""), place)


@lru_cache(maxsize=64)
def _expression(source: str, place: Place) -> str:
    lines = source.encode(errors="replace").split(b"\n")[max(0, place.line - 1) : place.end_line]
    if not lines or min(place.line, place.column, place.end_column) < 0:
        return ""
    # In this order: both may be the same line.
    lines[-1] = lines[-1][: place.end_column]
    lines[0] = lines[0][place.column :]
    return b"\n".join(lines).decode(errors="replace")


@lru_cache(maxsize=64)
def imports(text: str) -> dict[str, str]:
    """What a file imports, anywhere in it: the name there -> what it stands for, as "nap" -> "time.sleep"."""
    found: dict[str, str] = {}
    for module, names in _IMPORT.findall(text if len(text) <= _LARGEST else ""):
        for name in _COMMENT.sub("", names).strip("() \t").split(","):
            [what, *alias] = re.split(r"\s+as\s+", name.strip())
            known = alias[0] if alias else what if module else what.partition(".")[0]
            found[known] = f"{module}.{what}" if module else what if alias else known
    return found


def lines_with(timeline: Timeline, pattern: re.Pattern[str]) -> Iterator[Place]:
    """The lines of the sources in which that is written."""
    for file, text in timeline.sources.items():
        for number, line in enumerate(_lines(text), 1):
            if pattern.search(line.partition("#")[0]):
                yield Place(file, "", number, number, -1, -1)


def function_at(timeline: Timeline, place: Place) -> Place | None:
    """The `def` around a line, with its name; None if there is none."""
    for number, line in _outwards(_lines(timeline.sources.get(place.file, "")), place.line):
        if head := _DEF.match(line):
            return Place(place.file, head[2], number, number, -1, -1)
    return None


def in_block_of(timeline: Timeline, place: Place, name: str) -> bool:
    """Whether a line stands inside a `with` block of what is called `name`, in its function."""
    enters = re.compile(rf"(?:async )?with\b.*(?<!\w){re.escape(name)}(?!\w|\s*\()")
    for number, line in _outwards(_lines(timeline.sources.get(place.file, "")), place.line):
        if number < place.line and _DEF.match(line):
            return False
        if number < place.line and enters.match(line.partition("#")[0].strip()):
            return True
    return False


def in_loop(timeline: Timeline, place: Place, heads: tuple[str, ...] = ("while ", "for ", "async for ")) -> bool:
    """Whether the line of a place stands in a loop of its function that begins so, or begins one."""
    for _, line in _outwards(_lines(timeline.sources.get(place.file, "")), place.line):
        if line.lstrip().startswith(heads):
            return True
        if _DEF.match(line) or line.lstrip().startswith("class "):
            return False
    return False


def calls_in(timeline: Timeline, written: Place, pattern: str, methods: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Where the function `written` there calls one of these methods of what is called so: (line, method)."""
    calls = re.compile(rf"(?<!\w){pattern}\.({'|'.join(methods)})[ \t]*\(")
    lines = _lines(timeline.sources.get(written.file, ""))
    for number in range(written.line, min(written.end_line, len(lines)) + 1):
        if call := calls.search(lines[number - 1].partition("#")[0]):
            yield number, call[1]


def would_end(
    timeline: Timeline, waiting: dict[int, Suspension], suspension: Suspension, held: bool = False
) -> Ending | None:
    """The one of those who wait, too, who would end the wait `suspension`; None where it is not one, or not known.

    Inferred: what is of the same name there may be another thing, and the line may never be reached. `held`: only one
    that has acquired it further up.
    """
    # In a crowd each would be looked for in the function of each.
    found = _endings(timeline, waiting, suspension) if len(waiting) <= _CROWD else []
    found = [one for one in found if not held or _has(timeline, waiting[one.track], _called(suspension)[0])]
    return found[0] if len(found) == 1 else None


def keeps(timeline: Timeline, suspension: Suspension, thing: str) -> bool:
    """Whether it waits inside of a `with` block of what is called `thing`, or behind its `acquire()`. Inferred."""
    place = suspension.place
    if place is None:
        return False
    enters = re.compile(rf"(?:async[ \t]+)?with\b.*(?<![\w.]){re.escape(thing)}[ \t]*[:,)]")
    for number, line in _outwards(_lines(timeline.sources.get(place.file, "")), place.line):
        # On its own line, what stands before.
        written = line.encode()[: place.column].decode(errors="replace") if number == place.line else line
        if enters.match(written.lstrip()):
            return True
        if number < place.line and _DEF.match(line):
            break
    return _has(timeline, suspension, thing)


def _has(timeline: Timeline, suspension: Suspension, thing: str) -> bool:
    """Whether, above the line that it waits in, what its function did last to what is called `thing` is to acquire
    it, and that in no other block."""
    place = suspension.place
    lines = _lines(timeline.sources.get(place.file, "")) if place is not None else ()
    # Above the line of a module stand whole functions.
    if place is None or not 0 < place.line <= len(lines) or place.function == "<module>":
        return False
    deep = _indentation(lines[place.line - 1])
    calls = re.compile(rf"(?<![\w.]){re.escape(thing)}\.(acquire|release)[ \t]*\(")
    for number in range(place.line, 0, -1):
        line = lines[number - 1]
        # On its own line, what stands before.
        written = line.encode()[: place.column].decode(errors="replace") if number == place.line else line
        if found := calls.findall(written.partition("#")[0]):
            return bool(found[-1] == "acquire" and _indentation(line) <= deep)
        if _DEF.match(line):
            break
    return False


def _endings(timeline: Timeline, waiting: dict[int, Suspension], suspension: Suspension) -> list[Ending]:
    """Who would do so further down in the function that it waits in. Not who waits for the same: what it would release
    it does not have yet. Nor who waits for another of that name, such as its own `self.lock`."""
    thing, dot, method = _called(suspension)
    by_method = _ENDING_OF_QUEUE if suspension.reason == words.QUEUE else {}
    methods = _ENDING.get(suspension.reason) or by_method.get(method)
    if not dot or methods is None or suspension.place is None or "(" not in suspension.on:
        return []
    found = []
    for track, other in waiting.items():
        if track == suspension.track or other.place is None or other.place.file != suspension.place.file:
            continue
        if other.object == suspension.object != "":
            continue
        names = called_there(timeline, (suspension.track, suspension.place), (track, other.place), thing)
        if names is None:
            names = {thing} - {_called(other)[0]}
        called_so = "|".join(map(re.escape, sorted(names)))
        calls = re.compile(rf"(?<![\w.])(?:{called_so or '(?!)'})\.({'|'.join(methods)})[ \t]*\(")
        text = timeline.sources.get(other.place.file, "")
        for line, written in _rest_of_function(_lines(text), other.place):
            if call := calls.search(written.partition("#")[0]):
                does = call[1].partition("_")[0]
                found.append(Ending(track, other.place.file, line, _DOES.get(does, does)))
                break
    return found


def _called(suspension: Suspension) -> tuple[str, str, str]:
    """What the wait is for, as the program calls it: ("self.lock", ".", "acquire") of `self.lock.acquire()`."""
    return suspension.on.partition("(")[0].rpartition(".")


def _rest_of_function(lines: tuple[str, ...], place: Place) -> Iterable[tuple[int, str]]:
    """(number, text) of the lines below the place, up to the end of the function that it is in."""
    name = place.function.rpartition(".")[2]
    for number in range(min(place.line, len(lines)), 0, -1):
        head = _DEF.match(lines[number - 1])
        if head is not None and head[2] == name:
            last = max(place.line, place.end_line)
            return ((below, line) for below, line in _below(lines, number) if below > last)
    return ()


def _below(lines: tuple[str, ...], first: int) -> Iterator[tuple[int, str]]:
    """(number, text) of the lines that belong to the `def` in line number `first`."""
    deep = _indentation(lines[first - 1])
    open_ = True
    for number in range(first + 1, len(lines) + 1):
        line = lines[number - 1]
        # The head may go on over several lines; what closes its parenthesis stands as far to the left as the `def`.
        if line.strip() and _indentation(line) <= deep and not (open_ and line.lstrip().startswith(")")):
            return
        open_ = open_ and not line.rstrip().endswith(":")
        yield number, line


def loop_around(timeline: Timeline, place: Place, outside: Place | None) -> int:
    """The first line of the outermost loop around a place in which the other one does not lie; else its own line."""
    lines = _lines(timeline.sources.get(place.file, ""))
    found = place.line
    for number, line in _outwards(lines, place.line):
        if _DEF.match(line):
            break
        if _LOOP.match(line):
            if outside is not None and outside.file == place.file:
                last = max((below for below, _ in _below(lines, number)), default=number)
                if number <= outside.line <= last:
                    break
            found = number
    return found


def _outwards(lines: tuple[str, ...], first: int) -> Iterator[tuple[int, str]]:
    """(number, text) of that line, and then of the heads of the blocks that it stands in, from the innermost on: of
    each line above that is indented less than all below it. Nothing, if there is no such line."""
    deep = None
    for number in range(first if first <= len(lines) else 0, 0, -1):
        line = lines[number - 1]
        if line.strip() and not line.lstrip().startswith("#") and (deep is None or _indentation(line) < deep):
            deep = _indentation(line)
            yield number, line


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


@lru_cache(maxsize=64)
def _lines(text: str) -> tuple[str, ...]:
    return tuple(_NEWLINE.split(text)) if len(text) <= _LARGEST else ()


@lru_cache(maxsize=64)
def _definitions(text: str) -> dict[str, list[int]]:
    """Name -> the lines on which a function of that name is written."""
    found: dict[str, list[int]] = {}
    for number, line in enumerate(_lines(text), 1):
        if head := _DEF.match(line):
            found.setdefault(head[2], []).append(number)
    return found
