"""Exceptions that a Future of concurrent.futures keeps: whether anybody asks for them."""

from __future__ import annotations

import pytest

from tests.tracers.conftest import TraceSource

GIVEN = """kept = []
import asyncio, concurrent.futures as futures, multiprocessing, threading

def save(number):
    if number == 2:
        raise ValueError("bad record")

def look(future):
    print(future.exception())

def ignore(future):
    print(future)

async def store():
    save(2)

def main():
    {main}

if __name__ == "__main__":
    main()
    print("done")
"""
THREADS = "with futures.ThreadPoolExecutor(2) as pool:"
PROCESSES = "with futures.ProcessPoolExecutor(1, multiprocessing.get_context('fork')) as pool:"
IN_LOOP = """loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    {given}
    asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()"""


@pytest.mark.parametrize(
    ("main", "line"),
    [
        (f"{THREADS} [pool.submit(save, number) for number in range(4)]", 18),
        (f"{THREADS} pool.submit(save, 2).add_done_callback(ignore)", 18),
        (f"{THREADS} kept = pool.submit(save, 2)", 18),
        (f"{THREADS} kept.append(pool.submit(save, 2))", 18),
        (f"{THREADS} futures.wait([pool.submit(save, 2)])", 18),
        (f"{THREADS} pool.map(save, range(4))", 18),
        (f"{PROCESSES} pool.submit(save, 2)", 18),
        (IN_LOOP.format(given="asyncio.run_coroutine_threadsafe(store(), loop)"), 21),
    ],
)
def test_an_exception_that_nobody_asks_for(trace_source: TraceSource, main: str, line: int) -> None:
    traced = trace_source(GIVEN.format(main=main))
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    (found,) = traced.problems
    assert found.kind == "unretrieved"
    assert found.line == 6
    assert found.sentence.startswith(
        f"what was given to be done at script.py:{line} raised ValueError('bad record') (script.py:6)"
    )
    assert found.sentence.endswith(" → exception never retrieved: nobody asked its Future for that")
    assert ("in ThreadPoolExecutor-0_" in found.sentence) == (THREADS in main)


@pytest.mark.parametrize(
    "main",
    [
        f"{THREADS} print(pool.submit(save, 2).exception())",
        f"{THREADS} pool.submit(save, 2).add_done_callback(look)",
        f"{THREADS} print([one.exception() for one in futures.as_completed([pool.submit(save, 2)])])",
        f"{THREADS} pool.submit(save, 1)",
        # The first tells that something is wrong: nobody looks at the others.
        """pool = futures.ThreadPoolExecutor(2)
    several = [pool.submit(save, 2) for _ in range(3)]
    pool.shutdown()
    print(several[0].exception())""",
        f"{PROCESSES} print(repr(pool.submit(save, 2).exception()))",
        IN_LOOP.format(given="print(repr(asyncio.run_coroutine_threadsafe(store(), loop).exception()))"),
        # asyncio tells of that itself, if nobody asks.
        """async def run(): return await asyncio.gather(asyncio.to_thread(save, 2), return_exceptions=True)
    print(asyncio.run(run()))""",
    ],
)
def test_an_exception_that_somebody_asks_for(trace_source: TraceSource, main: str) -> None:
    traced = trace_source(GIVEN.format(main=main))
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert traced.problems == []


def test_nothing_of_that_is_in_the_way(trace_source: TraceSource) -> None:
    traced = trace_source("""
        import concurrent.futures as futures, inspect, traceback

        made = futures.Future()
        print(sorted(vars(made)), made._exception, hasattr(futures.Future, "_exception"))
        made.set_exception(KeyError("x"))
        try:
            made.result()
        except KeyError:
            print([entry.name for entry in traceback.extract_tb(__import__("sys").exc_info()[2])])
        del made._exception
        try:
            made._exception
        except AttributeError as error:
            print(error)
    """)
    assert traced.ended.stdout.decode().splitlines() == [
        "['_condition', '_done_callbacks', '_exception', '_result', '_state', '_waiters'] None False",
        "['<module>', 'result', '__get_result']",
        "'Future' object has no attribute '_exception'",
    ]
