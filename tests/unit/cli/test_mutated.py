"""Damaged and hostile traces: every command ends well or says one sentence, and prints nothing that a terminal obeys.

`MUTATIONS=100000 pytest tests/unit/cli/test_mutated.py` tries so many new ones, and `make soak` a few thousand; else
there are few, and always the same.
"""

from __future__ import annotations

import os
import random
import re
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.soak import SOAK, count
from visualizer.cli import visualizer

GOLDEN = sorted((Path(__file__).parents[2] / "golden").glob("*.trace"))
HEADER = b'{"format": "visualizer-trace", "version": 1}\n'
NEW = SOAK or "MUTATIONS" in os.environ
PARTS = 4
EACH = int(os.environ.get("MUTATIONS", count(80, 10_000))) // PARTS
COMMANDS = (
    ("show",), ("show", "--sequence"), ("show", "--axis", "busy"), ("stats",), ("stats", "--wakes"),
    ("stats", "--json"), ("findings",), ("findings", "--json"), ("explain",), ("events",),
)
#: Controls but the line's end, C1 controls, and what turns the direction of text.
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
EXTREMES = (-1, 0, 1, -2, -9, 2**31 - 1, 2**31, 2**61, -(2**61), 2**63, 10**30, 5, 10**9)
TEXTS = (b"", b"\\u001b[31m", b"\\u202e", b"[bold]", b"\xff", b"hub", b"greenlet", b"thread", b"generator", b"sleep")
#: The smallest traces that once made a command raise, warn, or print nonsense.
SMALLEST = (
    (b'["switch",0,-1,0,"",0,-1]', b'["wait",0,6,"sleep",0,0]', b'["switch",935860689,6,0,"",0,-1]',
     b'["wait",0,7,"sleep",0,0]', b'["switch",0,7,0,"",0,-1]', b'["wait",0,8,"sleep",0,0]', b'["switch",0,8,0,"",0,-1]',
     b'["inferred",2305843009213693952,-1,0]'),
    (b'["resume",-1,0,"",0,0]',),
    (b'["spawn",0,1,"hub",0,-1,0,0]', b'["spawn",0,0,"",0,1,0,0]', b'["copy",0,1,0]',
     b'["switch",843888161,0,1,"",0,-1]'),
    (b'["dropped",0,"",-1]',),
    (b'["dropped",0,"",1]',),
    (b'["resume",576460752302423487,-1,"",-1,0]',),
    (b'["spawn",0,1,"hub",0,0,-1,0]', b'["wait",10,0,"\\u202e",-1,-1]', b'["switch",10,0,1,"switch",-1,-1]',
     b'["switch",999,1,0,"switch",-1,-1]'),
    (b'["spawn",0,1,"generator",1,-3,-2,0]', b'["exit",5,1,"closed",-1,-1]'),
    (b'["spawn",0,1,"generator",1,-9,-2,0]', b'["exit",5,1,"closed",-1,-1]'),
)


def drop(lines: list[bytes], chance: random.Random) -> None:
    del lines[chance.randrange(len(lines))]


def repeat(lines: list[bytes], chance: random.Random) -> None:
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))


def swap(lines: list[bytes], chance: random.Random) -> None:
    a, b = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]


def number(lines: list[bytes], chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    found = list(re.finditer(rb"-?\d+", lines[at]))
    # What the program itself calls or prints may well be below zero.
    if found and not lines[at].startswith((b'["text"', b'["output"')):
        which = chance.choice(found)
        lines[at] = lines[at][: which.start()] + str(chance.choice(EXTREMES)).encode() + lines[at][which.end() :]


def text(lines: list[bytes], chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    found = list(re.finditer(rb'"[^"]*"', lines[at]))
    if found:
        which = chance.choice(found)
        put = b'"' + chance.choice(TEXTS) + b'"'
        lines[at] = lines[at][: which.start()] + put + lines[at][which.end() :]


def byte(lines: list[bytes], chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    if lines[at]:
        where = chance.randrange(len(lines[at]))
        lines[at] = lines[at][:where] + bytes([chance.randrange(256)]) + lines[at][where + chance.randrange(2) :]


WAYS: tuple[Callable[[list[bytes], random.Random], None], ...] = (drop, repeat, swap, number, number, text, byte)


def mutated(chance: random.Random) -> bytes:
    first, *lines = chance.choice(GOLDEN).read_bytes().splitlines()
    for _ in range(chance.choice((1, 2, 4, 16))):
        if lines:
            chance.choice(WAYS)(lines, chance)
    whole = b"\n".join([first, *lines]) + b"\n"
    return whole[: chance.randrange(len(whole))] if chance.random() < 0.1 else whole


def check(path: Path, arguments: tuple[str, ...]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        done = CliRunner().invoke(visualizer, [arguments[0], str(path), *arguments[1:]])
    told = (arguments, path.read_bytes())
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise AssertionError(told) from done.exception
    assert done.exit_code in (0, 2), told
    assert not OBEYED.search(done.output), told
    assert not re.search(r"(?<![\w#-])-\d+(\.\d+)? (s|ms|µs|ns)\b|nan|\binf\b", done.output), told


@pytest.mark.parametrize("part", range(PARTS))
def test_a_mutated_trace(part: int, tmp_path: Path) -> None:
    chance = random.Random(None if NEW else part)
    path = tmp_path / "mutated.trace"
    for _ in range(EACH):
        path.write_bytes(mutated(chance))
        for arguments in chance.sample(COMMANDS, 2):
            check(path, arguments)


@pytest.mark.parametrize("lines", SMALLEST)
def test_one_that_failed_once(lines: tuple[bytes, ...], tmp_path: Path) -> None:
    path = tmp_path / "once.trace"
    path.write_bytes(HEADER + b"\n".join(lines) + b"\n")
    for arguments in COMMANDS:
        check(path, arguments)
