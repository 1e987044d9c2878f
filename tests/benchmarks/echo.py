"""The generator that is measured: apart, since on 3.11 a program pays for all its calls once it has one."""

from __future__ import annotations

from collections.abc import Generator


def echo() -> Generator[int, int, None]:
    got = 0
    while True:
        got = yield got


def numbers(count: int) -> Generator[int, None, None]:
    number = 1000
    for _ in range(count):
        yield (number := number + 1)


def objects(count: int) -> Generator[object, None, None]:
    for _ in range(count):
        yield object()
