"""Compares many new random programs with their traces, and prints how much was compared.

    python -m tests.truth [--seed TEXT] [--language NAME]... [--programs N | --seconds S] [--at-once N]
    python -m tests.truth --again "LANGUAGE" SEED... [--smallest]

Each program is made by its language, the base seed and its number, whatever the interpreter: what disagrees is printed
with its seed, by which it is repeated alone.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from tests.truth.languages import LANGUAGES
from tests.truth.runs import Compared, Disagreement, compare, smallest
from visualizer.tracers.core.compiled import WANTED

_COUNTED = ("programs", "steps", "switches", "waits", "wakes", "ends")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.truth", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", default=os.urandom(4).hex(), help="the base of all seeds; a new one each time")
    parser.add_argument("--language", action="append", choices=LANGUAGES, help="all, if none is named")
    parser.add_argument("--programs", type=int, default=1000, help="how many of each language")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end after that time")
    parser.add_argument("--at-once", type=int, default=50, help="how many in one process")
    parser.add_argument("--again", nargs="+", metavar=("LANGUAGE", "SEED"), help="only these, each alone")
    parser.add_argument("--smallest", action="store_true", help="with --again: leave out what does not matter")
    options = parser.parse_args()
    if options.again:
        name, *seeds = options.again
        return _again(name, [f"{name} {seed}" for seed in seeds], options.smallest)
    names = options.language or list(LANGUAGES)
    print(f"base seed {options.seed}, Python {sys.version.split()[0]}, recorder in C: {os.environ.get(WANTED, 'auto')}")
    compared = {name: Compared() for name in names}
    until = time.monotonic() + options.seconds
    for first in range(0, options.programs, options.at_once):
        for name in names:
            if time.monotonic() > until:
                break
            seeds = range(first, min(first + options.at_once, options.programs))
            known = len(compared[name].disagreements)
            compare(name, [f"{name} {options.seed}-{number}" for number in seeds], compared[name])
            for one in compared[name].disagreements[known:]:
                _tell(name, one)
    _table(compared)
    return any(one.disagreements for one in compared.values())


def _again(name: str, seeds: list[str], is_smallest: bool) -> int:
    compared = Compared()
    for seed in seeds:
        compare(name, [seed], compared)
    for one in compared.disagreements:
        if is_smallest:
            sides, found = smallest(name, one.seed)
            one.source, one.told = f"{sides}\n{found.source}", found.told
        print(one.source)
        _tell(name, one)
    return bool(compared.disagreements)


def _tell(name: str, one: Disagreement) -> None:
    print(f'\n--again "{name}" {one.seed.removeprefix(name).strip()}\n{one.told}', flush=True)


def _table(compared: dict[str, Compared]) -> None:
    print(f"{'':28}", *(f"{head:>10}" for head in (*_COUNTED, "disagreements")))
    for name, one in compared.items():
        print(f"{name:28}", *(f"{one.counts[head]:10}" for head in _COUNTED), f"{len(one.disagreements):13}")


if __name__ == "__main__":
    sys.exit(main())
