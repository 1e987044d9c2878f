"""The generator that is measured. In a module of its own: on 3.11 a program pays for each of its calls once it has one."""

from __future__ import annotations

from collections.abc import Generator


def echo() -> Generator[int, int, None]:
    got = 0
    while True:
        got = yield got
