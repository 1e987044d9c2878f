"""The recorder in C: it tells the same as the one in Python, and keeps nothing of the program's."""

from __future__ import annotations

import textwrap
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

import hatch_build
from tests.soak import SOAK
from tests.tracers.conftest import TraceSource
from tests.tracers.traced import SCENARIOS, Traced, trace
from tests.truth.test_truth import LANGUAGES
from visualizer.analysis.report.jsonl import json_lines
from visualizer.tracers.core import compiled
from visualizer.tracers.core.rows import PARTS, Rows

in_c = pytest.mark.skipif(
    compiled.recorder(compiled._monotonic_ns) is None, reason="the recorder in C is not built, or not wanted"
)
#: Scenarios in which nothing but the program itself says what happens next: no thread, no port, no time limit.
REPEATABLE = (
    "asyncio_hello", "buns", "deadlock", "generator_states", "gevent_queue", "gevent_yield", "greenlet_throw",
    "ping_pong", "producer_consumer", "round_robin", "three_way",
)  # fmt: skip
#: What depends on when the flushing thread looked, or the operating system was asked.
_OF_LUCK = ("sample", "idle", "poll")

#: Everything that the short ways know, and what is near to it: each place is met often enough to be known.
_PROGRAM = """
    import gevent
    import greenlet

    def echo():
        got = yield "ready"
        while True:
            try:
                got = yield got
            except ValueError as error:
                got = yield error
    def numbers(count):
        for number in range(count):
            yield number
    def through(count):
        yield from numbers(count)
        return (yield None)
    class Thing:
        pass
    class Meta(type):
        def __hash__(self):
            raise SystemExit("hash")
        def __eq__(self, other):
            raise SystemExit("eq")
    class Odd(metaclass=Meta):
        pass
    class Text(str):
        def __hash__(self):
            raise SystemExit("hash")
    def renamed(name):
        Renamed.__name__ = name
        return Renamed()
    class Renamed:
        pass
    named = [type(name, (), {})() for name in ("list", "True", "ValueError", "NoneType")]
    named.append(renamed(Text("Text")))
    class Number(int):
        pass
    class Failed(ValueError):
        def __repr__(self):
            raise SystemExit("repr")
    def step(generator, values):
        send = generator.send
        for value in values:
            generator.send(value)
            send(value)
            type(generator).send(generator, value)

    values = [1, 2, 1, "text", None, True, False, 1.5, 10 ** 9, Thing(), "x" * 90, ()] * 3
    values += [-1, 0, 500_000_000, -500_000_000, 500_000_001, 2 ** 31, 2 ** 63, 2 ** 200] * 3
    values += [Odd(), object(), Number(1)] * 3
    values += [*named, [], True, ValueError(1), Failed(1), None, b"", {}, Meta, print, 1j, values.append] * 3
    def things():
        for value in values:
            yield value
        for name in ("One", "Two", "One", "list"):
            yield renamed(name)
    for handled in (False, True):
        for _ in range(3):
            generator = echo()
            next(generator)
            if handled:
                try:
                    raise KeyError("handled meanwhile")
                except KeyError:
                    step(generator, values)
            else:
                step(generator, values)
            generator.throw(ValueError("thrown"))
            generator.send(1)
            generator.close()
    for _ in range(3):
        for _ in numbers(20):
            pass
        for _ in things():
            pass
        list(through(3))
    shared, others = echo(), numbers(40)
    next(shared)
    step(shared, values)
    for _ in range(3):
        next(others)
        step(shared, values)

    # Generators made, begun and ended where others were; some never begun, closed, collected, refused.
    def several(count):
        for number in range(count):
            got = yield number
            yield got
            yield "text"
    def failing(count):
        yield count
        raise ValueError(count)
    def returning():
        yield
        return 5
    class Makes:
        def method(self, count):
            yield count
        @classmethod
        def of_class(cls, count):
            yield cls
        def __iter__(self):
            yield 1
    def closure(count):
        def inside():
            yield count
            yield count
        return inside()
    def nested(depth):
        if depth:
            yield from nested(depth - 1)
            for number in nested(depth - 1):
                yield number
        yield depth
    async def coroutine():
        return 1
    kept_for_later = []
    def make(number):
        for _ in numbers(number % 3):
            pass
        for function in (numbers, several):
            for _ in function(2):
                pass
        made = several(3)
        if number % 4 == 1:
            next(made)
        elif number % 4 == 2:
            made.send(None)
            made.send(number)
            made.send(number + 1)
        elif number % 4 == 3:
            kept_for_later.append(made)
            for _ in kept_for_later[0]:
                break
        if number % 5 == 0:
            made.close()
        for value in closure(number):
            for one in Makes():
                list(Makes().method(one))
            for _ in Makes.of_class(1):
                pass
        for _ in returning():
            pass
        for _ in nested(2):
            pass
        try:
            for _ in failing(number):
                pass
        except ValueError:
            pass
        try:
            numbers()
        except TypeError:
            pass
        first, second = numbers(1), numbers(2)
        for _ in second:
            pass
        del second
        for _ in first:
            pass
        coroutine().close()
        [*map(numbers, [1, 2])]
        lazily = (one for one in numbers(2))
        for _ in lazily:
            numbers(1)
        return made
    def alternating(generator):
        next(generator)
        for number in range(6):
            generator.send(number)
            generator.send("text")
            getattr(generator, "send")(True)
        way = generator.send if number % 2 else generator.throw
        for way in (generator.send, generator.throw, generator.send):
            way(ValueError("sent or thrown"))
    last = None
    for number in range(16):
        last = make(number)
        alternating(echo())

    main = greenlet.getcurrent()
    def back(value=None):
        kept = value
        def inside():
            nonlocal kept
            kept = main.switch(kept)
        while True:
            main.switch()
            value = main.switch(value)
            main.switch("a constant")
            main.switch(value, 1)
            main.switch([value])
            inside()
            del kept
            kept = (value, 1) if value == 2 else value
    def forth(other, number):
        for value in values:
            other.switch(value)
            number += other.switch(number) is None
            other.switch()
    first, second = greenlet.greenlet(back), greenlet.greenlet(back)
    for _ in range(6):
        first.switch()
        second.switch(1)
    first.throw()
    forth(greenlet.greenlet(back), 0)
    forth(second, 10 ** 9)
    for value in values:
        second.switch(value)
    def gives_way(count):
        for _ in range(count):
            gevent.sleep(0)
        if count == 20:
            main = greenlet.getcurrent()
            def back(value):
                while True:
                    value = main.switch(value)
            forth(greenlet.greenlet(back), count)
    gevent.joinall([gevent.spawn(gives_way, count) for count in (5, 20, 20)])

    # Tasks that give way, at several places and between other waits, end, fail and are cancelled.
    import asyncio
    async def turns(count, every=99):
        for number in range(1, count):
            await asyncio.sleep(0)
            if number % every == 0:
                await asyncio.sleep(0)
                await turns(2)
    async def failing():
        await turns(4)
        raise ValueError("failed")
    async def futures():
        for _ in range(9):
            future = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(future.set_result, 1)
            await future
            await asyncio.sleep(0)
    async def tasks():
        endless = asyncio.create_task(turns(10 ** 9))
        some = turns(30), turns(20, 3), futures(), failing(), turns(9)
        await asyncio.gather(*some, return_exceptions=True)
        endless.cancel()
        await turns(9)
    for _ in range(2):
        asyncio.run(tasks())
"""


def _events(traced: Traced) -> list[dict[str, Any]]:
    """What `visualizer events` prints, without the times and what comes by luck."""
    lines = b"".join(json_lines(traced.timeline)).splitlines()
    events = [msgspec.json.decode(line) for line in lines]
    for event in events:
        for name in [name for name in event if name == "t" or name.endswith("_s")]:
            del event[name]
    return [event for event in events if event["event"] not in _OF_LUCK]


def _both(script: Path, monkeypatch: pytest.MonkeyPatch, *args: str) -> None:
    told = []
    for wanted in ("no", "yes"):
        monkeypatch.setenv(compiled.WANTED, wanted)
        traced = trace(script.with_suffix(f".{wanted}"), str(script), *args)
        told.append((traced.ended, getattr(traced.timeline.header, "recorder", ""), _events(traced)))
    (ended, in_python, events), (other_ended, in_c, other_events) = told
    assert (in_python, in_c) == ("Python", "C")
    assert ended == other_ended
    assert events == other_events


@in_c
def test_both_recorders_tell_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(_PROGRAM), encoding="utf-8")
    _both(script, monkeypatch)


@in_c
@pytest.mark.skipif(not SOAK, reason="with SOAK: each scenario runs twice")
@pytest.mark.parametrize("name", REPEATABLE)
def test_both_recorders_tell_the_same_of_a_scenario(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / f"{name}.py"
    script.write_bytes((SCENARIOS / f"{name}.py").read_bytes())
    _both(script, monkeypatch)


@in_c
@pytest.mark.skipif(not SOAK, reason="with SOAK: each program runs twice")
@pytest.mark.parametrize("name", ["generators", "coroutines", "greenlets", "gevent"])
def test_both_recorders_tell_the_same_of_random_programs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "script.py"

    @settings(max_examples=100, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(LANGUAGES[name].strategy)
    def run(sides: Any) -> None:
        script.write_text(LANGUAGES[name].render(sides).source, encoding="utf-8")
        for made in tmp_path.glob("script.[ny]*"):
            made.unlink()
        _both(script, monkeypatch, str(tmp_path / "log"))

    run()


@in_c
def test_rows_in_c_are_those_in_python() -> None:
    recorder = compiled.recorder(compiled._monotonic_ns)

    def used(rows: Any) -> list[Any]:
        told = [list(rows), rows.packed(), rows.count_of(PARTS), rows.until(7, 0)]
        rows.extend((0, PARTS, 1, 7, 4, -(2**63)))
        rows += (7, 3, 2**63 - 1)
        for number in range(300):
            rows.extend((8 + number, number % 7, 123456789 * number))
        told += [rows.until(t_ns, first) for t_ns in (-1, 0, 7, 100, 10**6) for first in (0, 2)]
        told += [rows.find(track, first, 200) for track in (PARTS, 3, 99) for first in (0, 1, 150)]
        told += [len(rows), rows[0], rows[-3], rows[1], rows.count_of(3), rows.packed()]
        part, taken = rows.part(2, 9), rows.take(250)
        part.translate({track: track + 1 for track in range(-1, 8)})
        part += taken
        told += [list(rows), list(taken), list(part), list(rows.part(50, 10**6)), list(rows.take(10**6)), bool(rows)]
        part.clear()
        return [*told, len(part)]

    assert used(recorder.Rows()) == used(Rows())
    for wrong in ([1, 2, 3], (1, 2), (2**63, 0, 0), ("a", 0, 0), None):
        rows = recorder.Rows()
        with pytest.raises((TypeError, ValueError, OverflowError)):
            rows.extend(wrong)
        assert list(rows) == []


@in_c
def test_tables_in_c_are_dictionaries() -> None:
    recorder = compiled.recorder(compiled._monotonic_ns)
    random, table, known = Random(1), recorder.Table(), dict[int, Any]()
    for turn in range(20_000):
        # Many of them would stand at the same place.
        key = random.choice((1, -1, 2**40)) * random.randrange(1 + turn % 400)
        for one in (table, known):
            match turn * 7 % 5:
                case 0 | 1 | 2:
                    one[key] = turn
                case 3:
                    one.pop(key, None)
                case _ if key in one:
                    del one[key]
        assert (table.get(key), table.get(key, "no")) == (known.get(key), known.get(key, "no"))
        assert (key in table, len(table)) == (key in known, len(known))
    assert (dict(table.items()), {*table}, {*table.values()}) == (known, {*known}, {*known.values()})
    table.clear()
    for missing in (table.__getitem__, table.pop, table.__delitem__):
        with pytest.raises(KeyError):
            missing(1)
    # A circle, to be collected.
    table[1] = table


@in_c
def test_the_recorder_in_c_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            import sys, time
            import gevent, greenlet

            def echo(got):
                while True:
                    got = yield got
            def numbers(thing):
                for number in range(2):
                    yield number
                    yield thing
            class Thing:
                pass
            value, thing = "a text", Thing()
            generator = echo(value)
            kept = {}
            main = greenlet.getcurrent()
            def back(got=None):
                while True:
                    main.switch()
                    got = main.switch(got)
            other = greenlet.greenlet(back)

            def work(count):
                next(generator)
                send = generator.send
                for _ in range(count):
                    generator.send(value)
                    send(value)
                    next(generator)
                    generator.send(thing)
                    generator.send(number := 10 ** 6 + len(value))
                    generator.send(True)
                    other.switch()
                    other.switch(thing)
                    other.switch(number)
                    gevent.sleep(0)
                    for _ in numbers(thing):
                        pass
                    made = numbers(thing)
                    next(made)
                    made.send(value)
                    try:
                        kept[value]
                    except KeyError:
                        numbers(thing)
            def counts():
                known = value, echo.__code__, work.__code__, generator, generator.gi_frame, main, other, other.gr_frame
                known += thing, Thing, Thing.__name__, echo.__name__, numbers, numbers.__code__, numbers.__name__
                return [sys.getrefcount(one) for one in known]
            work(20)
            before = counts()
            work(8_000)
            def grown():
                return [after > one + 1000 for one, after in zip(before, counts())]
            # What is stored with all its parts is held until it is written.
            end = time.monotonic() + 30
            while any(grown()) and time.monotonic() < end:
                time.sleep(0.01)
            print(grown())
            """
        ),
        encoding="utf-8",
    )
    monkeypatch.setenv(compiled.WANTED, "yes")
    traced = trace(tmp_path / "trace", str(script))
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert traced.ended.stdout == b"[" + b", ".join([b"False"] * 15) + b"]\n"
    assert not traced.timeline.notes


def test_what_is_asked_for_and_not_there_is_no_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "ABI", -1)
    monkeypatch.delenv(compiled.WANTED, raising=False)
    assert compiled.recorder(compiled._monotonic_ns) is None
    monkeypatch.setenv(compiled.WANTED, "yes")
    with pytest.raises(ImportError, match="VISUALIZER_RECORDER is yes, and there is no recorder in C"):
        compiled.recorder(compiled._monotonic_ns)


class _App:
    """Hatch's, which a build warns through."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def display_warning(self, text: str) -> None:
        self.warnings.append(text)


def test_a_build_without_a_compiler_says_so_and_leaves_nothing_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = _App()
    hook: Any = hatch_build.RecorderHook(str(tmp_path), {}, None, None, "", "", app)  # type: ignore[arg-type]
    stale = (tmp_path / hatch_build.SOURCE).with_suffix(hatch_build.SUFFIX)
    stale.parent.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    for wanted, warned in (("no", 0), ("auto", 1)):
        stale.write_bytes(b"built from an older source")
        monkeypatch.setenv(compiled.WANTED, wanted)
        build_data: dict[str, Any] = {}
        hook.initialize("standard", build_data)
        assert (stale.exists(), build_data, len(app.warnings)) == (False, {}, warned)
    monkeypatch.setenv(compiled.WANTED, "yes")
    with pytest.raises(RuntimeError):
        hook.initialize("standard", {})


@in_c
def test_a_generator_that_threads_step_at_once(trace_source: TraceSource) -> None:
    """Who comes while it runs is refused, also while a hook in Python is told of its yield: up to 3.13 the interpreter
    takes it for suspended by then, and crashes where it is resumed."""
    traced = trace_source(
        """
        import sys, threading

        def ids():
            number = 0
            while True:
                number += 1
                yield [number]

        def work(steps):
            for _ in range(5_000):
                try: next(steps)
                except ValueError: pass

        sys.setswitchinterval(1e-5)
        for _ in range(3):
            steps = ids()
            threads = [threading.Thread(target=work, args=(steps,)) for _ in range(3)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
        print("done")
        """
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"done\n", b"")
