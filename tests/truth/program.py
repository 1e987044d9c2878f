"""Random programs as source text, each of which logs its own order by itself.

Many of them run one after another in a process (runs.py). A program has one to three *sides*, each in an OS thread of
its own; a side has a thread's own code (`main`, or `b_main`) and workers (`a0`, `a1`, ... `b0`, ...). Every step of
every one of them stands on a line of its own between two calls of `log`; at the end the program writes the log to the
file that its first argument names. What is left over then, and would go on, a function `sweep` of its own ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeVar

_T = TypeVar("_T")
#: What differs from one run to the next in what is told of an object: its address, the descriptor that it has.
_ITS_OWN = re.compile("0x[0-9a-f]+|fileno=[0-9]+")

#: The letters of the sides.
SIDES = "abc"

#: Phases of a step's log entries; and the moment at which the variables of a worker are gone.
START, BEFORE, AFTER, END, GONE = "start", "before", "after", "end", "gone"

#: The first lines of each program. The clock is that of the trace: its header tells what it showed at t = 0.
_PRELUDE = """\
import json, sys, threading, time
from functools import partial
clock = time.monotonic_ns
LOG, CHILD = [], ""
def log(who, line, phase, detail=None):
    LOG.append((clock(), who + CHILD, line, phase, detail))
class Variable:
    def __init__(self, who):
        self.who = who
    def __del__(self):
        log(self.who, 0, "gone")
class Limit:
    def __init__(self, s):
        self.s = s
LIMITS = Limit(0)
for us in range(500, 10000, 500):
    setattr(LIMITS, f"us{us}", us / 1e6)
"""
_WRITE = """\
with open(sys.argv[1], "w") as file:
    json.dump(LOG, file)
"""


class Span(NamedTuple):
    """From when to when, by time.monotonic_ns."""

    begin_ns: int
    end_ns: int


class Step(NamedTuple):
    """An entry of a program's own log: at `t_ns` (time.monotonic_ns), `who` was at `phase` of the step on `line`.

    `detail` is, before a step, whether it is going to suspend (None: not known before); after it the `repr` of what it
    gave; at the start the `repr` of the first value received; at the end of a worker the `repr` of what it raised, if
    anything.
    """

    t_ns: int
    who: str
    line: int
    phase: str
    detail: str | bool | None


@dataclass(frozen=True)
class Meaning:
    """What a step is about: on what it waits (with " or " in between), for what it makes others ready, and whether a
    timer ends it too."""

    waits_for: str = ""
    gives: str = ""
    timed: bool = False
    spawns: str = ""
    #: Until when it waits, in seconds, of a sleep too; -1: without a limit, None: as long as what is around it allows.
    limit: float | None = -1
    #: How the `repr` of what it gave begins if its limit ended it; () if that is not told.
    late: tuple[str, ...] = ()
    #: The `repr` of the item that it gives to one who waits for it.
    item: str = ""
    #: Whether what it waits for stands in its line, by name.
    named: bool = True


@dataclass
class Program:
    """The source text, and the meaning of the steps by line."""

    lines: list[str] = field(default_factory=_PRELUDE.splitlines)
    meanings: dict[int, Meaning] = field(default_factory=dict)
    #: The objects that one waits for, and their types, by the names by which `Meaning.waits_for` begins.
    things: dict[str, str] = field(default_factory=dict)
    #: Whether the order of its steps depends on no clock and no other thread.
    repeatable: bool = True
    #: The worker with whose end all others are ended, in an order that is another one in each run; "" if there is none.
    last: str = ""

    def repeated(self, log: list[Step]) -> list[tuple[object, ...]]:
        """What each run of a repeatable program logs: in this order, behind the end of the last that of each worker.

        Each forked child has a last of its own.
        """
        over, ordered, unordered = set[str](), list[Step](), list[Step]()
        for step in log:
            name, _, child = step.who.partition("@")
            (unordered if child in over else ordered).append(step)
            if step.phase == END and name == self.last:
                over.add(child)
        ordered += sorted(unordered, key=lambda step: step.who)
        return [(*step[1:4], _ITS_OWN.sub("", str(step.detail))) for step in ordered]

    def add(self, text: str) -> None:
        self.lines += text.splitlines()

    def step(
        self, who: str, code: str, *, suspensions: str = "None", meaning: Meaning | None = None, guard: str = "",
        catches: str = "", indent: int = 4,
    ) -> None:
        """One step: `code` leaves its result in `r`. It is left out at run time unless the expression `guard` holds."""
        pad = " " * indent
        if guard:
            self.lines.append(f"{pad}if {guard}:")
            pad += "    "
        self.lines.append(f"{pad}r = None")
        number = len(self.lines) + (3 if catches else 2)
        self.lines.append(f'{pad}log("{who}", {number}, "{BEFORE}", {suspensions})')
        if catches:
            self.lines += [
                f"{pad}try:",
                f"{pad}    {code}",
                f"{pad}except {catches} as error:",
                f"{pad}    r = error.with_traceback(None)",
            ]
        else:
            self.lines.append(f"{pad}{code}")
        self.lines.append(f'{pad}log("{who}", {number}, "{AFTER}", repr(r))')
        self.meanings[number] = meaning or Meaning()

    def worker(
        self, who: str, parameters: str = "", received: str = "None", head: str = "def", tries: bool = True
    ) -> None:
        """Begin the function of a worker; its steps come next, with an indent of 8, then `end_worker`.

        `tries`: with a `try` around the steps, which logs how they end; else it is seen when their variables are gone.
        """
        start = f'{head} {who}({parameters}):\n    log("{who}", 0, "{START}", {received})\n'
        self.add(f"{start}    {'try' if tries else 'if True'}:\n        r = None")
        if not tries:
            self.add(f'        variable = Variable("{who}")')

    def end_worker(self, who: str, result: str = "None", tries: bool = True, returns: bool = True) -> None:
        if tries:
            self.add(
                f"        r = {result}\n    except BaseException as error:\n"
                f'        log("{who}", 0, "{END}", repr(error))\n        raise'
            )
        self.add(f'    log("{who}", 0, "{END}")' + ("\n    return r" if returns else ""))

    def run(self, sides: list[str], at_last: str = "") -> None:
        """The end: `main` of the first side in the main thread, that of each other one beside it; then `at_last`."""
        beside = [own_name(side) for side in sides[1:]]
        if beside:
            self.repeatable = False
            self.add("sys.setswitchinterval(0.00001)")
        for name in beside:
            self.add(f'of_{name} = threading.Thread(target={name}, name="{name}")\nof_{name}.start()')
        self.add("main()")
        for name in beside:
            self.add(f"of_{name}.join()")
        self.add(at_last + _WRITE)

    @property
    def source(self) -> str:
        return "\n".join(self.lines) + "\n"


def read_log(path: Path) -> list[Step]:
    return [Step(*entry) for entry in json.loads(path.read_text())]


def own_name(side: str) -> str:
    """The name of the code that a side's thread itself runs."""
    return "main" if side == "a" else f"{side}_main"


def side_of(who: str) -> str:
    """The side of whoever makes a step, and the forked child in which that is."""
    name, child, number = who.partition("@")
    return ("a" if name == own_name("a") else who[0]) + child + number


#: Ways to write a call with a time limit: those in which it has its name, and those in which it has a position.
_BY_NAME = (
    "{called}({first}timeout={s:g})",
    "{called}({first}timeout=LIMITS.us{us:g})",
    "{called}({first}timeout=Limit({s:g}).s)",
    "{called}({first}**dict(timeout={s:g}))",
    "partial({called}, {first}timeout={s:g})()",
)
_BY_POSITION = (
    "{called}({first}{flag}{s:g})", "{called}(*({first}{flag}{s:g},))", "partial({called}, {first}{flag}{s:g})()",
)


def limited(called: str, s: float, number: int, first: str = "", flag: str | None = "True, ") -> str:
    """A call with a time limit of `s` seconds, written in one of the ways that there are.

    `first` stands in front of the limit, with a comma, and `flag` as well if it has no name; None if it has to.
    """
    ways = _BY_NAME if flag is None else (*_BY_NAME, *_BY_POSITION)
    return ways[number % len(ways)].format(called=called, s=s, us=s * 1e6, first=first, flag=flag)


def several(chance: Random, least: int, most: int, one: Callable[[], _T]) -> list[_T]:
    """So many of what `one` makes."""
    return [one() for _ in range(chance.randint(least, most))]


#: word, argument (a worker's number, a number of half milliseconds, which of several objects, or of ways to write it)
Op = tuple[str, int]
#: What the code of the thread does, and what each of the workers does.
Side = tuple[list[Op], list[list[Op]]]


def draw_sides(words: Sequence[str], timed: Sequence[str], count: int, chance: Random) -> list[Side]:
    """So many sides, of which each has a worker at least. Two of five have nothing in them that is `timed`."""
    known = words if chance.randrange(5) < 2 else (*words, *timed)

    def op() -> Op:
        return chance.choice(known), chance.randrange(64)

    return [
        (several(chance, 0, 4, op), several(chance, 1, 4, lambda: several(chance, 0, 6, op))) for _ in range(count)
    ]
