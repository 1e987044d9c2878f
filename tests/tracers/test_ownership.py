"""Whose code it is, by the name of its file; and where in it the program is."""

from __future__ import annotations

import sysconfig

import pytest

from tests.tracers.conftest import TraceSource
from visualizer.analysis.model.timeline import Place
from visualizer.trace import words
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


def test_of_code_that_a_library_has_made_the_caller_in_a_file_is_told(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio, gevent

        def made(function):
            known = {"function": function}
            exec(compile("def wrapper(*of): return function(*of)", "<wrapper of a library>", "exec"), known)
            exec(compile("async def awaits(*of): return await function(*of)", "<wrapper of a library>", "exec"), known)
            return known

        sleep = made(gevent.sleep)["wrapper"]

        def worker():
            sleep(0.001)  # waits

        gevent.spawn(worker).join()

        async def main():
            await made(asyncio.sleep)["awaits"](0.001)  # waits
            timer = made(asyncio.get_running_loop().create_task)["wrapper"]
            await timer(asyncio.sleep(0))  # spawns

        asyncio.run(main())
        made(int)["wrapper"]("x")  # raises
        """
    )
    assert b"ValueError" in traced.ended.stderr
    script = traced.path.with_suffix(".py")
    source = script.read_text(encoding="utf-8").splitlines()

    def told(place: Place | None) -> str:
        assert place is not None
        return source[place.line - 1].rpartition("# ")[2] if place.file == str(script) else place.file

    timeline = traced.timeline
    sleeps = [one.place for one in timeline.suspensions if one.reason == "sleep" and one.asked_ns]
    assert [told(place) for place in sleeps] == ["waits", "waits"]
    tasks = [track for track in timeline.tracks.values() if track.kind == words.TASK]
    assert told(tasks[1].place) == "spawns"
    assert told(timeline.uncaught_at) == "raises"
