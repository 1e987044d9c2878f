"""Whose code it is, by the name of its file."""

from __future__ import annotations

import sysconfig

import pytest

from visualizer.tracers.core.code import Ownership, is_of_runtime

PURELIB = sysconfig.get_paths()["purelib"]


def in_file(name: str) -> tuple[bool, bool]:
    code = compile("", name, "exec")
    return Ownership([])(code), is_of_runtime(code)


@pytest.mark.parametrize(
    ("name", "is_own", "is_runtime"),
    [
        ("script.py", True, False),
        ("gevent/script.py", True, False),
        ("/home/somebody/gevent/script.py", True, False),
        ("<stdin>", True, False),
        (f"{PURELIB}/requests/api.py", False, False),
        (f"{PURELIB}/gevent/hub.py", False, True),
        # A compiled module names its source as it lay where that was compiled.
        ("src/gevent/greenlet.py", False, True),
        ("uvloop/loop.pyx", False, False),
        ("<frozen runpy>", False, False),
    ],
)
def test_a_file(name: str, is_own: bool, is_runtime: bool) -> None:
    assert in_file(name) == (is_own, is_runtime)
