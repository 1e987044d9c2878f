"""Generators: who resumes whom, what goes in and comes out, and how each ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tracers.conftest import TraceScenario, TraceSource
from tests.tracers.traced import trace
from visualizer.trace import words
from visualizer.trace.events import Resume
from visualizer.tracers.core.compiled import _monotonic_ns, recorder

SEES_CREATION = sys.version_info >= (3, 12)


def test_values_go_in_and_come_out(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def echo():
            got = yield "ready"
            while True:
                got = yield [got, got]

        g = echo()
        next(g)
        for value in (1, "two", None, (3, 4.5), {"k": b"v"}, object()):
            g.send(value)
        """
    )
    sent = [value for _, cause, _, value in traced.hand_overs if cause == "send"]
    assert sent == ["1", "'two'", "None", "(3, 4.5)", "{'k': b'v'}", "<object>"]
    given = [value for _, cause, _, value in traced.hand_overs if cause == "yield"]
    assert given == [
        "'ready'", "[1, 1]", "['two', 'two']", "[None, None]", "[(3, 4.5), (3, 4.5)]",
        "[{'k': b'v'}, {'k': b'v'}]", "[<object>, <object>]",
    ]


def test_a_value_sent_while_the_generator_handles_an_exception(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def careful():
            try:
                raise KeyError("inside")
            except KeyError:
                got = yield
                yield got

        g = careful()
        next(g)
        try:
            raise ValueError("outside")
        except ValueError:
            g.send("during")
        """
    )
    assert [value for _, cause, _, value in traced.hand_overs if cause == "send"] == ["'during'"]


def test_nothing_of_the_program_runs_to_show_a_value(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        class Meta(type):
            def __getattribute__(cls, name):
                print("metaclass asked for", name)
                return super().__getattribute__(name)

        class Loud(metaclass=Meta):
            def __repr__(self): print("repr"); return "loud"
            def __str__(self): print("str"); return "loud"
            def __len__(self): print("len"); return 3
            def __bool__(self): print("bool"); return True
            def __eq__(self, other): print("eq"); return True
            def __hash__(self): print("hash"); return 1
            def __getattr__(self, name): print("getattr", name); raise AttributeError(name)

        class LoudInt(int):
            def __repr__(self): print("int repr"); return "1"

        class LoudList(list):
            def __iter__(self): print("iter"); return super().__iter__()

        def relay():
            got = None
            while True:
                got = yield got

        g = relay()
        next(g)
        for value in (Loud(), LoudInt(7), LoudList([1]), [Loud()], {"k": LoudInt(8)}):
            g.send(value)
        """
    )
    assert traced.ended.stdout == b""
    sent = [value for _, cause, _, value in traced.hand_overs if cause == "send"]
    assert sent == ["<Loud>", "<LoudInt>", "<LoudList>", "[<Loud>]", "{'k': <LoudInt>}"]


@pytest.mark.parametrize(
    ("body", "ending", "outcome", "value"),
    [
        ("yield 1", "list(g)", words.RETURNED, "None"),
        ("yield 1\n    return 'done'", "list(g)", words.RETURNED, "'done'"),
        ("yield 1", "next(g); g.close()", words.CLOSED, None),
        ("try:\n        yield 1\n    finally:\n        pass", "next(g); g.close()", words.CLOSED, None),
        ("try:\n        yield 1\n    except GeneratorExit:\n        return", "next(g); g.close()", words.CLOSED, None),
        ("yield 1", "next(g); del g", words.CLOSED, None),
    ],
)
def test_how_a_generator_ends(
    trace_source: TraceSource, body: str, ending: str, outcome: str, value: str | None
) -> None:
    traced = trace_source(f"def gen():\n    {body}\n\ng = gen()\n{ending}\n")
    track = next(t for t in traced.timeline.tracks.values() if t.base_name == "gen")
    assert (track.outcome, track.value) == (outcome, value)


def test_an_exception_ends_a_generator(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def fails():
            yield 1
            raise LookupError("no more")

        try:
            list(fails())
        except LookupError:
            pass
        """
    )
    assert traced.outcome("fails") == words.RAISED
    assert traced.states("fails")[-1] == "FAILED"
    if SEES_CREATION:
        assert traced.hand_overs[-1] == ("fails", "raise", "main", "LookupError('no more')")


def test_thrown_into_and_caught_again_at_the_same_yield(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def stubborn():
            while True:
                try:
                    yield
                except ValueError:
                    pass

        g = stubborn()
        next(g)
        g.throw(ValueError("one"))
        g.throw(ValueError("two"))
        g.close()
        """
    )
    assert [(cause, to) for _, cause, to, _ in traced.hand_overs] == [
        ("next", "stubborn"), ("yield", "main"),
        ("throw", "stubborn"), ("yield", "main"),
        ("throw", "stubborn"), ("yield", "main"),
        ("close", "stubborn"), ("close", "main"),
    ]
    assert traced.outcome("stubborn") == words.CLOSED


def test_thrown_into_by_a_younger_one_of_the_same_function_and_caught_at_the_same_yield(
    trace_source: TraceSource,
) -> None:
    traced = trace_source(
        """
        def walks(other):
            while True:
                try:
                    yield
                    if other is not None:
                        other.throw(LookupError)
                except LookupError:
                    pass

        first = walks(None)
        next(first)
        second = walks(first)
        next(second)
        next(second)
        next(first)
        """
    )
    assert traced.ended.code == 0
    first, second = (track.id for track in traced.tracks("walks"))
    outcomes = [(switch.cause, switch.origin, switch.target) for switch in traced.switches]
    assert outcomes == [
        ("next", 0, first), ("yield", first, 0), ("next", 0, second), ("yield", second, 0),
        ("next", 0, second), ("throw", second, first), ("yield", first, second), ("yield", second, 0),
        ("next", 0, first), ("yield", first, 0),
    ]


def test_thrown_into_and_not_caught(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def meek():
            yield

        g = meek()
        next(g)
        try:
            g.throw(ValueError("one"))
        except ValueError:
            pass
        """
    )
    assert [(cause, to) for _, cause, to, _ in traced.hand_overs] == [
        ("next", "meek"), ("yield", "main"), ("throw", "meek"), ("raise", "main"),
    ]
    assert traced.outcome("meek") == words.RAISED


def test_a_chain_of_yield_from_nests(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def inner():
            yield 1
            yield 2

        def outer():
            yield from inner()

        list(outer())
        """
    )
    assert traced.order == [
        "main", "outer", "inner", "outer", "main", "outer", "inner", "outer", "main", "outer", "inner", "outer", "main",
    ]


def test_while_a_generator_runs_its_resumer_waits_for_it(trace_source: TraceSource) -> None:
    traced = trace_source("def gen():\n    yield 1\n\nlist(gen())\n")
    assert traced.states("main") == ["RUNNING", "WAITING", "RUNNING", "WAITING", "RUNNING", "DONE"]
    resumed = [suspension for suspension in traced.timeline.suspensions if suspension.reason == words.RESUMED]
    assert [traced.timeline.name(suspension.on_track) for suspension in resumed] == ["gen", "gen"]
    expected = ["RUNNING", "WAITING", "RUNNING", "DONE"]
    assert traced.states("gen")[1:] == expected
    assert traced.states("gen")[0] == "CREATED"


def test_generators_of_one_name_are_numbered(trace_source: TraceSource) -> None:
    traced = trace_source("def gen():\n    yield 1\n\na, b = gen(), gen()\nnext(a); next(b); next(a, None)\n")
    assert traced.order == ["main", "gen-1", "main", "gen-2", "main", "gen-1", "main"]


def test_the_place_is_the_expression_at_which_it_is_suspended(trace_source: TraceSource) -> None:
    traced = trace_source("def gen():\n    x = (yield 'ä' * 2)\n\nfor item in gen():\n    break\n")
    switch = next(s for s in traced.switches if s.cause == "yield")
    assert switch.place is not None
    assert (switch.place.file, switch.place.function) == (str(traced.path.with_suffix(".py")), "gen")
    line = b"    x = (yield '\xc3\xa4' * 2)"
    assert line[switch.place.column : switch.place.end_column] == "yield 'ä' * 2".encode()


@pytest.mark.skipif(not SEES_CREATION, reason="3.11 has no event for a generator's creation")
def test_creation_is_seen_before_the_first_resume(trace_source: TraceSource) -> None:
    traced = trace_source("def gen():\n    yield 1\n\nnever = gen()\nprint('between')\nlist(gen())\n")
    never, used = (t for t in traced.timeline.tracks.values() if t.base_name == "gen")
    printed = traced.timeline.outputs[0].t_ns
    assert never.spawn_ns < printed < used.spawn_ns
    assert traced.timeline.name(never.creator) == "main"


def test_only_the_programs_own_generators_are_tracks(trace_source: TraceSource) -> None:
    source = """
        import contextlib, glob

        @contextlib.contextmanager
        def mine():
            yield

        with mine():
            list(glob.iglob("*"))
        """
    assert trace_source(source).order == ["main", "mine", "main", "mine", "main"]


def test_a_generator_that_threads_run_in_turn(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import threading

        def count():
            yield 1
            yield 2

        g = count()
        next(g)
        thread = threading.Thread(target=lambda: next(g), name="second")
        thread.start()
        thread.join()
        next(g, None)
        """
    )
    assert traced.ran("count", "second") == ["count", "count", "second", "count"]
    assert traced.outcome("second") == words.RETURNED


def test_include_adds_a_library(trace_source: TraceSource) -> None:
    traced = trace_source("import glob\nlist(glob.iglob('*'))\n", include=("glob",))
    assert "_iterdir" in traced.order


def test_many_short_lived_generators_leave_nothing_behind(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import resource

        def short():
            yield 1

        def spend(count):
            for _ in range(count):
                for item in short():
                    break

        spend(2_000)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        spend(20_000)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        """
    )
    assert int(traced.ended.stdout) < 16 * 1024, "kibibytes that the traced process grew by"
    exits = [track.outcome for track in traced.timeline.tracks.values() if track.base_name == "short"]
    assert len(exits) == 22_000
    assert exits.count(words.CLOSED) == 22_000


def test_threads_one_after_another_are_tracks_of_their_own(trace_source: TraceSource) -> None:
    """The operating system gives the second thread the ident of the first."""
    traced = trace_source(
        """
        import threading

        def gen():
            yield 1

        for name in ("T0", "T1", "T2"):
            thread = threading.Thread(target=lambda: list(gen()), name=name)
            thread.start()
            thread.join()
        """
    )
    assert traced.ran("T0", "T1", "T2") == ["T0", "T0", "T1", "T1", "T2", "T2"]
    assert [traced.outcome(name) for name in ("T0", "T1", "T2")] == [words.RETURNED] * 3


@pytest.mark.parametrize(
    ("then", "caught", "ends"),
    [
        ("yield 2", True, ["inner yielded", "outer yielded"]),
        ("return", False, ["inner yielded", "outer returned"]),
        ("raise KeyError", True, ["inner yielded", "outer raised"]),
    ],
)
def test_what_is_closed_while_what_it_waits_for_ignores_that(
    then: str, caught: bool, ends: list[str], trace_source: TraceSource
) -> None:
    """It is thrown the error of that, and is being closed all the same."""
    traced = trace_source(
        f"""
        def inner():
            try:
                yield 0
            except GeneratorExit:
                pass
            yield 1

        def outer():
            try:
                yield from inner()
            except RuntimeError:
                pass
            {then}

        one = outer()
        next(one)
        try:
            one.close()
            print("closed")
        except (KeyError, RuntimeError) as error:
            print(type(error).__name__)
        """
    )
    assert (traced.ended.stdout == b"closed\n") is not caught
    ignored = [
        f"{traced.timeline.name(switch.origin)} yielded"
        for switch in map(traced.timeline.switch, range(traced.timeline.switch_count))
        if switch.cause == words.IGNORED
    ]
    ended = [] if then == "yield 2" else [f"outer {traced.outcome('outer')}"]
    assert ignored + ended == ends


def test_closed_where_the_frame_stays_at_its_yield(trace_source: TraceSource) -> None:
    """In a `with` and in an `except` the frame stands at the yield again once the exception has left it."""
    traced = trace_source(
        """
        class Context:
            def __init__(self, catches): self.catches = catches
            def __enter__(self): pass
            def __exit__(self, *error): return self.catches

        def leaving():
            with Context(False):
                yield

        def staying():
            for _ in range(2):
                with Context(True):
                    yield

        def excepting():
            try:
                raise KeyError
            except KeyError:
                yield

        for function in (leaving, staying, excepting):
            g = function()
            next(g)
            try:
                g.throw(ValueError)
            except ValueError:
                pass
            del g
        """
    )
    assert [(cause, to) for _, cause, to, _ in traced.hand_overs if to != "main"] == [
        ("next", "leaving"), ("throw", "leaving"), ("next", "staying"), ("throw", "staying"), ("close", "staying"),
        ("next", "excepting"), ("throw", "excepting"),
    ]
    assert [traced.outcome(name) for name in ("leaving", "excepting")] == [words.RAISED] * 2
    # It catches GeneratorExit too, and ends.
    assert traced.outcome("staying") in (words.CLOSED, words.RETURNED)


def test_a_scheduler_of_ones_own_has_some_ready_and_others_waiting(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("round_robin")
    assert traced.states("letters")[-7:] == ["WAITING", "READY", "RUNNING", "WAITING", "READY", "RUNNING", "DONE"]
    assert "READY" in traced.states("numbers")
    assert traced.states("report") == ["CREATED", "RUNNING", "WAITING", "RUNNING", "DONE"]


#: Without the recorder in C.
IN_PYTHON = recorder(_monotonic_ns) is None
LOADED = "def {name}():\n    yield 1\nlist({name}())\n"


@pytest.mark.parametrize("how", ["exec", "runpy", "spec", "finder"])
def test_generators_of_code_that_no_import_leads_to(tmp_path: Path, how: str) -> None:
    """pytest has a finder of its own in front, and pytest, runpy and many others call `exec`."""
    (tmp_path / "loaded.py").write_text(LOADED.format(name="inside"))
    script = tmp_path / "script.py"
    script.write_text({
        "exec": "exec(compile(open('loaded.py').read(), 'loaded.py', 'exec'), {})",
        "runpy": "import runpy\nrunpy.run_path('loaded.py')",
        "spec": "from importlib import util\nspec = util.spec_from_file_location('loaded', 'loaded.py')\n"
        "spec.loader.exec_module(util.module_from_spec(spec))",
        "finder": "import sys\nfrom importlib.machinery import PathFinder\nclass First:\n"
        "    find_spec = staticmethod(lambda name, *_: PathFinder.find_spec(name) if name == 'loaded' else None)\n"
        "sys.meta_path.insert(0, First)\nimport sched\nimport loaded",
    }[how])
    traced = trace(tmp_path / "t", script.name, cwd=tmp_path)
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert traced.order == ["main", "inside", "main", "inside", "main"]
    assert not traced.timeline.notes


def test_a_profiler_of_the_programs_own(tmp_path: Path) -> None:
    """On 3.11 it takes the place of the recorder in Python, which is said; a library that runs a script does not."""
    (tmp_path / "loaded.py").write_text(LOADED.format(name="inside"))
    profiled = trace(tmp_path / "p", "-m", "cProfile", "loaded.py", cwd=tmp_path)
    run = trace(tmp_path / "r", "-m", "runpy", "loaded", cwd=tmp_path)
    assert (profiled.ended.code, run.ended.code) == (0, 0)
    assert run.order == ["main", "inside", "main", "inside", "main"]
    assert not run.timeline.notes
    if SEES_CREATION or not IN_PYTHON:
        assert (profiled.order, profiled.timeline.notes) == (run.order, [])
    else:
        (taken,) = profiled.timeline.notes
        assert taken.startswith("The program sets a profile function")


PROFILED = """
import sys, threading

def count(n):
    yield 0
    for i in range(1, n):
        yield i

def profile(*_):
    pass

def work():
    kept, gone, same = count(4), count(4), count(4)
    next(kept), next(gone), next(same)
    {begin}
    for _ in count(3):
        pass
    next(kept), gone.close()
    {end}
    print(sys.gettrace(), sys._getframe().f_trace, next(kept), next(same))
    for _ in count(1):
        pass

{where}
"""


@pytest.mark.skipif(not SEES_CREATION, reason="3.11 has no event for a generator's creation")
@pytest.mark.parametrize("threshold", ["1", "1, 1, 1", "3, 2, 2"])
def test_a_collection_meanwhile_does_not_hide_a_new_generator(trace_source: TraceSource, threshold: str) -> None:
    """What has survived a collection is no longer among the youngest: it is found all the same."""
    traced = trace_source(
        f"""
        import gc

        def numbers(count):
            yield from range(count)

        gc.set_threshold({threshold})
        for _ in range(40):
            first, second = numbers(1), numbers(2)
            print(*second, *first)
        """
    )
    tracks = [*traced.timeline.tracks.of_kind("generator")]
    assert (len(tracks), {track.doubt for track in tracks}) == (80, {None})
    names = [traced.timeline.name(track.id) for track in tracks]
    pairs = zip(names[::2], names[1::2], strict=True)
    assert traced.ran(*names) == [name for first, second in pairs for name in (*[second] * 3, *[first] * 2)]


@pytest.mark.skipif(SEES_CREATION, reason="recorded as ever where sys.monitoring is")
@pytest.mark.parametrize("where", ["work()", "thread = threading.Thread(target=work); thread.start(); thread.join()"])
@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("sys.setprofile(profile)", "sys.setprofile(None)"),
        ("import cProfile; own = cProfile.Profile(); own.enable()", "own.disable()"),
        ("sys.setprofile(profile)", "sys.setprofile(lambda *_: None); sys.setprofile(None)"),
        ("sys.setprofile(profile)", "sys.setprofile(None); profile()"),
    ],
)
def test_a_profile_function_that_is_taken_back(trace_source: TraceSource, begin: str, end: str, where: str) -> None:
    """In Python it takes our place, which is said; in C we need none."""
    traced = trace_source(PROFILED.format(begin=begin, end=end, where=where))
    assert (traced.ended.stdout, traced.ended.stderr) == (b"None None 2 1\n", b"")
    if IN_PYTHON:
        assert len(traced.timeline.notes) == 1
        return
    assert not traced.timeline.notes
    tracks = traced.timeline.tracks.of_kind("generator")
    known = {traced.timeline.name(track.id): (track.outcome, track.inferred, track.doubt) for track in tracks}
    assert known == {
        "count-1": ("closed", None, None), "count-2": ("closed", None, None), "count-3": ("closed", None, None),
        "count-4": ("returned", None, None), "count-5": ("returned", None, None),
    }
    # The first and the third are closed when `work` ends.
    assert [name[-1] for name in traced.ran(*known)] == [*"123", *"4444", *"12", *"13", *"55", *"13"]


#: What its profile and trace functions see, and what audit hooks do.
SEEN_BY_THE_PROGRAM = """
import sys, contextlib, greenlet, threading
events = []
def seen(frame, event, arg):
    if frame.f_code.co_filename == __file__:
        name = getattr(arg, "__qualname__", "") if event.startswith("c_") else ""
        events.append((event, frame.f_code.co_name, frame.f_lineno, name))
def inner(n):
    try:
        for i in range(n):
            got = yield i
    finally:
        yield_none()
def yield_none(): return None
def outer(n):
    return (yield from inner(n))
@contextlib.contextmanager
def managed():
    try: yield 1
    except KeyError: pass
async def co(n):
    return await co(n - 1) if n else 0
async def ag():
    try:
        for i in range(3): yield i
    finally:
        yield_none()
def drive(c):
    try:
        while True: c.send(None)
    except StopIteration as e: return e.value
async def uses():
    got = [i async for i in ag()]
    a = ag()
    await a.__anext__(); await a.aclose()
    b = ag()
    await b.asend(None)
    try: await b.athrow(ValueError("v"))
    except ValueError: got.append("v")
    return got
def work(kind):
    events.clear()
    if kind == "profile": sys.setprofile(seen)
    else: sys.settrace(trace)
    g = outer(3); next(g); g.send(1); g.close()
    h = outer(2); list(h)
    k = inner(2); next(k); del k
    with managed(): raise KeyError
    for _ in map(str, inner(2)): pass
    print(drive(co(3)), drive(uses()))
    i = iter(inner(2)); i.__next__()
    try: i.throw(ValueError("x"))
    except ValueError: pass
    if kind == "profile": sys.setprofile(None)
    else: sys.settrace(None)
    return list(events)
def trace(f, e, a):
    seen(f, e, a)
    return trace
for kind in ("profile", "trace", "profile"):
    for one in work(kind): print(one)
t = threading.Thread(target=lambda: print(len(work("profile")))); t.start(); t.join()
hooks = []
sys.addaudithook(lambda name, args: hooks.append(name) if name in ("sys.setprofile", "sys.settrace") else None)
g = outer(3); next(g); g.send(1); g.close()
try: outer(2).throw(KeyError)
except KeyError: pass
print(hooks, sys.getprofile(), sys.gettrace())
"""


@pytest.mark.skipif(SEES_CREATION or IN_PYTHON, reason="a profile function of ours, or a tool, is seen")
def test_what_profile_and_trace_functions_of_the_program_see_is_the_same(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SEEN_BY_THE_PROGRAM)
    bare = subprocess.run([sys.executable, str(script)], capture_output=True, check=True)
    traced = trace(tmp_path / "t", str(script))
    assert len(bare.stdout.splitlines()) > 300
    assert traced.ended.stdout.splitlines() == bare.stdout.splitlines()
    assert traced.ended.stderr == bare.stderr
    tracks = [*traced.timeline.tracks.of_kind("generator")]
    assert {traced.timeline.name(track.id).partition("-")[0] for track in tracks} == {"outer", "inner", "managed", "ag"}
    assert {track.outcome for track in tracks} == {"closed", "raised", "returned"}


@pytest.mark.skipif(SEES_CREATION, reason="told by events of another kind")
def test_a_greenlet_is_left_while_a_generator_is_thrown_into(trace_source: TraceSource) -> None:
    """What other greenlets do meanwhile is told, and so is what they do when it is over."""
    traced = trace_source(
        """
        import greenlet

        def stubborn(name):
            while True:
                try:
                    yield name
                except KeyError:
                    main.switch(name)

        def throws(name):
            generator = stubborn(name)
            next(generator)
            print(generator.throw(KeyError(name)))
            generator.close()

        def counts():
            yield from range(2)

        main = greenlet.getcurrent()
        first, second = greenlet.greenlet(throws), greenlet.greenlet(throws)
        print(first.switch("first"), second.switch("second"))
        print(*counts())
        first.switch()
        print(*counts())
        second.switch()
        print(*counts())
        """
    )
    assert traced.ended.stdout.split() == b"first second 0 1 first 0 1 second 0 1".split()
    tracks = traced.timeline.tracks.of_kind("generator")
    names = {traced.timeline.name(track.id): track.outcome for track in tracks}
    assert names == {
        "stubborn-1": "closed", "stubborn-2": "closed",
        "counts-1": "returned", "counts-2": "returned", "counts-3": "returned",
    }
    steps = traced.ran(*names)
    assert [steps.count(name) for name in names] == [4, 4, 3, 3, 3], steps


def test_threads_that_set_profile_functions_at_the_same_time(trace_source: TraceSource) -> None:
    """`sys.setprofile` refuses to work in one of them as long as an audit hook runs in another."""
    traced = trace_source(
        """
        import sys, threading
        sys.setswitchinterval(1e-6)
        def count(): yield 1
        def profile(*_): pass
        def work():
            for _ in range(1000):
                sys.setprofile(profile)
                sys.setprofile(None)
                list(count())
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")


def test_gevents_pool_sets_no_profile_function(trace_source: TraceSource) -> None:
    """It sets and takes out what `threading` has for new threads, which is ours."""
    traced = trace_source(
        """
        import gevent
        def count(): yield 1
        pool = gevent.get_hub().threadpool
        print([pool.apply(lambda: sum(count())) for _ in range(3)])
        """
    )
    assert traced.ended.stdout == b"[1, 1, 1]\n"
    assert not traced.timeline.notes


def test_a_profile_function_that_is_not(trace_source: TraceSource) -> None:
    """Sibling: what is called alike is none, and one that stays is told of once."""
    traced = trace_source(
        """
        class Own:
            def enable(self): ...
            disable = setprofile = enable

        def count():
            yield 1
            yield 2

        for _ in count():
            Own().enable()
            Own().setprofile()
            Own().disable()
        """
    )
    assert not traced.timeline.notes
    assert traced.order == ["main", "count", "main", "count", "main", "count", "main"]


def test_threads_that_run_generator_functions_for_the_first_time_at_once(trace_source: TraceSource) -> None:
    functions = "".join(f"def f{number}():\n    yield 1\n" for number in range(200))
    traced = trace_source(
        functions
        + """
import sys, threading

def work():
    ready.wait()
    for number in range(200):
        list(globals()[f"f{number}"]())

sys.setswitchinterval(1e-6)
ready = threading.Barrier(3)
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
    )
    assert not [note for note in traced.timeline.notes if "was taken out" in note]
    ended = [track.outcome for track in traced.timeline.tracks.values() if track.kind == words.GENERATOR]
    assert ended.count("returned") == 600


def test_a_generator_that_ends_keeps_something_that_makes_others_when_it_is_dropped(trace_source: TraceSource) -> None:
    """Another one may have its frame's address before its end is told."""
    traced = trace_source(
        """
        class Drops:
            def __del__(self):
                made.append(list(short()))

        def short():
            yield 1

        def keeps():
            kept = Drops()
            yield 2

        made = []
        for _ in range(20):
            list(keeps())
        print(len(made))
        """
    )
    assert traced.ended.stdout == b"20\n"
    tracks = [*traced.timeline.tracks.of_kind("generator")]
    assert len(tracks) == 40
    assert {(track.outcome, track.inferred, track.doubt) for track in tracks} == {("returned", None, None)}


def test_threads_that_close_the_same_generator_at_the_same_time(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import sys
        import threading

        def numbers():
            yield 1

        def closes():
            start.wait()
            for one in shared:
                for call in (lambda: one.throw(KeyError), one.close):
                    try:
                        call()
                    except (KeyError, ValueError):
                        pass

        sys.setswitchinterval(1e-6)
        for _ in range(20):
            shared, start = [numbers() for _ in range(200)], threading.Barrier(4)
            threads = [threading.Thread(target=closes) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        """
    )
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes) == (0, b"", [])


#: Gives up asynchronous generators in the middle of an `await`, to a finalizer that does nothing, until the frame of a
#: function comes to stand where one of theirs did: that function does ACT. Frames of as many bytes are made there.
_GIVEN_UP = """
import sys
import types

@types.coroutine
def leaf():
    yield

async def given_up():
    a = b = c = d = e = f = g = h = i = j = k = l = m = n = o = p = None
    await leaf()
    yield

def numbers():
    yield 1
    yield 2

def begin():
    generator = given_up()
    generator.asend(None).send(None)
    return sys.getsizeof(generator.ag_frame), id(generator.ag_frame)

def found():
    for _ in range(100):
        size, place = begin()
        for _ in range(10):
            if functions[size](place):
                return True

FUNCTION = '''
def takes(place):
    {variables} = None
    if id(sys._getframe()) == place:
        try:
            ACT
        except KeyError:
            pass
        return True
    kept.append(sys._getframe())
'''
sys.set_asyncgen_hooks(finalizer=lambda generator: None)
functions, kept, other = {}, [], numbers()
next(other)
for count in range(1, 40):
    names = {"sys": sys, "kept": kept, "other": other}
    exec(FUNCTION.format(variables=" = ".join(f"v{one}" for one in range(count))), names)
    names["takes"](0)
    functions[sys.getsizeof(kept[-1])] = names["takes"]
print(found())
"""


@pytest.mark.parametrize(("act", "outcome"), [
    ("other.throw(KeyError('thrown'))", "raised"), ("other.close()", "closed"), ("next(other)", None),
])
def test_a_function_whose_frame_is_where_one_of_a_generator_was_whose_end_is_not_told(
    trace_source: TraceSource, act: str, outcome: str | None
) -> None:
    traced = trace_source(_GIVEN_UP.replace("ACT", act))
    assert (traced.ended.stdout, traced.ended.stderr, traced.timeline.notes) == (b"True\n", b"", [])
    (other,) = traced.tracks("numbers")
    assert other.outcome == outcome
    resumed = [event.track for event in traced.events if type(event) is Resume]
    assert {resumed.count(track.id) for track in traced.tracks("given_up")} == {1}
