"""The generator that is measured: apart, since on 3.11 a program pays for all its calls once it has one."""

from __future__ import annotations

from collections.abc import Generator


def echo() -> Generator[int, int, None]:
    got = 0
    while True:
        got = yield got
