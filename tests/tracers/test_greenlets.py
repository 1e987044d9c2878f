"""Raw greenlets: order, names, values, parents, ends, and the program's own trace function."""

from __future__ import annotations

import re
import sys

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.traced import SEES_ENDS, bare
from visualizer.analysis.text.sentences import sentence
from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.tracers.core.compiled import built


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("", None),
        ("1", "1"),
        ("'text'", "'text'"),
        ("local", "41"),
        ("local + 1", "42"),
        ("(local, module)", "(41, 'm')"),
        ("local, module", "(41, 'm')"),
        ("[local]", "[41]"),
        ("closed", "'closed over'"),
        ("thing", "<Thing>"),
        ("thing + 1", None),
        ("thing.attribute", None),
        ("len('abc')", None),
        ("key=1", None),
    ],
)
def test_the_value_handed_over(trace_source: TraceSource, argument: str, shown: str | None) -> None:
    traced = trace_source(
        f"""
        from greenlet import getcurrent, greenlet

        module = "m"

        class Thing:
            def __add__(self, other): print("added"); return self
            @property
            def attribute(self): print("asked"); return 1

        def other(*args, **kwargs):
            return None

        def outer(closed):
            def first():
                local = 41
                thing = Thing()
                target.switch({argument})
                return closed
            return first

        target = greenlet(other)
        greenlet(outer("closed over")).switch()
        """
    )
    assert traced.hand_overs[1] == ("first", "switch", "other", shown)
    # Once by the program itself, if at all.
    assert traced.ended.stdout.count(b"\n") == (1 if "thing " in argument or "thing." in argument else 0)


def test_local_variables_are_not_kept_alive(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        from greenlet import getcurrent, greenlet

        class Loud:
            def __del__(self): print("gone")

        def first():
            kept = Loud()
            value = 1
            main.switch(value)
            del kept
            print("after")
            main.switch(value)

        main = getcurrent()
        g = greenlet(first)
        g.switch()
        g.switch()
        """
    )
    assert traced.ended.stdout == b"gone\nafter\n"
    assert traced.hand_overs[1] == ("first", "switch", "main", "1")


def test_names(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        from functools import partial
        from greenlet import getcurrent, greenlet

        main = getcurrent()

        class Counter:
            def count(self):
                main.switch()

        class Worker(greenlet):
            def run(self):
                main.switch()

        def never_parks():
            pass

        def parks():
            main.switch()

        never_parks()
        all_made = [
            greenlet(Counter().count), Worker(), greenlet(never_parks), greenlet(parks), greenlet(parks),
            greenlet(lambda: main.switch()), greenlet(partial(parks)),
        ]
        greenlet(print).switch()
        for made in all_made:
            made.switch()
        """
    )
    printing, *started = [name for name in traced.order if name != "main"]
    # What a compiled function calls is not its name, and our own function least of all.
    assert printing in ("print", "greenlet", "greenlet-1")
    # Called before as a plain function, a function that returns at once is found by 3.12's monitoring only later.
    assert started[:2] == ["Counter.count", "Worker.run"]
    assert started[3:] == ["parks-1", "parks-2", "<lambda>", "parks-3"]
    assert started[2] in ("never_parks", "greenlet", "greenlet-2")


def test_a_greenlet_that_is_entered_by_the_end_of_its_child(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        from greenlet import greenlet

        def parent(given):
            print(given)

        def child():
            return "from the child"

        greenlet(child, greenlet(parent)).switch()
        """
    )
    assert traced.ended.stdout == b"from the child\n"
    assert traced.order == ["main", "child", "parent", "main"]


def test_a_greenlet_that_is_collected_is_killed(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        from greenlet import getcurrent, greenlet

        def parks():
            main.switch()

        main = getcurrent()
        g = greenlet(parks)
        g.switch()
        del g
        print("on")
        """
    )
    assert traced.order == ["main", "parks", "main", "parks", "main"]
    assert traced.outcome("parks") == words.KILLED


def test_ends(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        from greenlet import GreenletExit, getcurrent, greenlet

        main = getcurrent()

        def returns(): return {"answer": 42}
        def raises(): raise LookupError("gone")
        def parks(): main.switch()
        def catches():
            try:
                main.switch()
            except ValueError:
                return "caught"

        greenlet(returns).switch()
        try:
            greenlet(raises).switch()
        except LookupError:
            pass
        killed = greenlet(parks); killed.switch(); killed.throw()
        caught = greenlet(catches); caught.switch(); caught.throw(ValueError("x"))
        """
    )
    ends = {traced.timeline.name(track.id): (track.outcome, track.value) for track in traced.timeline.tracks.values()}
    assert [cause for _, cause, to, _ in traced.hand_overs if to in ("parks", "catches")] == [
        "switch", "throw", "switch", "throw",
    ]
    if SEES_ENDS:
        assert ends == {
            "main": (words.RETURNED, None),
            "returns": (words.RETURNED, "{'answer': 42}"),
            "raises": (words.RAISED, "LookupError('gone')"),
            "parks": (words.KILLED, "GreenletExit()"),
            "catches": (words.RETURNED, "'caught'"),
        }
    else:
        outcomes = {name: outcome for name, (outcome, _) in ends.items()}
        assert outcomes == {
            "main": words.RETURNED, "returns": words.RETURNED, "raises": words.RAISED,
            "parks": words.KILLED, "catches": words.RETURNED,
        }
        # Without the recorder in C 3.11 does not tell a greenlet that was killed from one that caught GreenletExit, nor
        # one that returned from one that raised that: the end says so.
        inferred = {traced.timeline.name(track.id) for track in traced.timeline.tracks.values() if track.inferred}
        assert inferred == {"returns", "parks", "catches"}


def test_the_programs_own_trace_function_gets_its_events(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import greenlet

        seen = []

        def mine(event, args):
            seen.append(event)

        def parks():
            main.switch()

        main = greenlet.getcurrent()
        g = greenlet.greenlet(parks)
        print(greenlet.gettrace(), greenlet.settrace(mine))
        g.switch()
        print(greenlet.gettrace() is mine, greenlet.settrace(None) is mine, greenlet.gettrace())
        g.switch()
        print(seen)
        """
    )
    assert traced.ended.stdout == b"None None\nTrue True None\n['switch', 'switch']\n"
    assert traced.order == ["main", "parks", "main", "parks", "main"]


def test_a_trace_function_that_fails_is_the_programs_own_affair(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import greenlet

        def mine(event, args):
            raise RuntimeError("in my trace function")

        def parks():
            main.switch()

        main = greenlet.getcurrent()
        g = greenlet.greenlet(parks)
        greenlet.settrace(mine)
        try:
            g.switch()
        except RuntimeError as error:
            print(error, greenlet.gettrace())
        h = greenlet.greenlet(parks)
        h.switch()
        """
    )
    assert traced.ended.stdout == b"in my trace function None\n"
    assert [name.partition("-")[0] for name in traced.order[-2:]] == ["parks", "main"]


def test_a_generator_inside_a_greenlet_is_suspended_with_it(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        from greenlet import getcurrent, greenlet

        main = getcurrent()

        def numbers():
            for number in range(2):
                main.switch()
                yield number

        def reader():
            for number in numbers():
                pass

        g = greenlet(reader)
        while not g.dead:
            g.switch()
        """
    )
    assert traced.order == [
        "main", "reader", "numbers", "main", "numbers", "reader", "numbers", "main", "numbers", "reader", "numbers",
        "reader", "main",
    ]


def test_a_generator_that_ends_where_no_function_runs(trace_source: TraceSource) -> None:
    """It ends with the greenlet that had it, whose function has returned."""
    traced = trace_source(
        """
        from greenlet import getcurrent, greenlet

        def numbers():
            while True:
                yield 1

        def has_one():
            generator = numbers()
            next(generator)
            getcurrent().parent.switch()

        g = greenlet(has_one)
        g.switch()
        g.switch()
        last = numbers()
        next(last)
        last.close()
        """
    )
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes) == (0, b"", [])
    assert [track.outcome for track in traced.tracks("numbers")] == ["closed", "closed"]


#: What is thrown -> the text of it.
THROWN = {
    "victim.throw()": "GreenletExit()",
    "victim.throw(GreenletExit)": "GreenletExit()",
    "victim.throw(ValueError)": "ValueError()",
    "victim.throw(ValueError('x', local))": "ValueError('x', 41)",
    "victim.throw(ValueError, 'x')": None,
    "victim.throw(error)": "KeyError(1)",
    "victim.throw(Mine(thing))": "Mine(<object>)",
    "victim.throw(made())": None,
}


@pytest.mark.parametrize("throw", THROWN)
def test_what_is_thrown(trace_source: TraceSource, throw: str) -> None:
    traced = trace_source(
        f"""
        from greenlet import GreenletExit, getcurrent, greenlet

        main = getcurrent()

        class Mine(Exception):
            def __init__(self, *args): print("made"); super().__init__(*args)

        def made(): return ValueError("made")
        def parks():
            try:
                main.switch()
            except Exception:
                pass

        def killer():
            local, error, thing = 41, KeyError(1), object()
            {throw}

        victim = greenlet(parks)
        victim.switch()
        greenlet(killer).switch()
        """
    )
    assert traced.timeline.notes == []
    assert [value for _, cause, whom, value in traced.hand_overs if cause == "throw" and whom == "parks"] == [
        THROWN[throw]
    ]
    assert traced.ended.stdout == (b"made\n" if "Mine" in throw else b"")
    index = next(s.index for s in traced.switches if s.cause == "throw")
    killed = THROWN[throw] == "GreenletExit()"
    thrown = THROWN[throw] or "an exception"
    reported = "killer kills parks (GreenletExit)" if killed else f"killer throws {thrown} into parks"
    assert sentence(traced.timeline, index) == f"{reported} → parks runs"


def test_one_that_throws_into_itself(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        from greenlet import GreenletExit, getcurrent, greenlet

        def kills(): getcurrent().throw(GreenletExit)
        def catches():
            try:
                getcurrent().throw(ValueError("x"))
            except ValueError:
                return 1

        greenlet(kills).switch()
        greenlet(catches).switch()
        """
    )
    assert (traced.outcome("kills"), traced.outcome("catches")) == (words.KILLED, words.RETURNED)


def test_an_unstarted_parent_gets_nothing_from_a_child_that_is_killed(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        from greenlet import GreenletExit, greenlet

        def parent(*given): print(given)
        def child(): raise GreenletExit("bye")

        greenlet(child, greenlet(parent)).switch()
        """
    )
    assert traced.ended.stdout == b"()\n"
    assert traced.hand_overs[1] == (
        "child",
        "throw" if traced.hand_overs[1][1] == "throw" else "switch",
        "parent",
        None,
    )


@pytest.mark.skipif(sys.version_info < (3, 12), reason="3.11 does not tell of a greenlet's creation")
def test_a_raw_greenlet_is_created_where_it_is_made(trace_source: TraceSource) -> None:
    """Two of one function, started the other way round, one of a class, and one that is never started."""
    traced = trace_source(
        """
        from greenlet import getcurrent, greenlet

        class Worker(greenlet):
            def run(self):
                pass

        def work(other):
            if other is not None:
                other.switch()

        def maker():
            made.append(greenlet(work))
            made.append(greenlet(run=work))

        made = []
        greenlet(maker).switch()
        idle = greenlet(maker)
        made[1].switch(Worker())
        made[0].switch(None)
        """
    )
    assert traced.timeline.notes == []
    name = traced.timeline.name
    spawned = [
        (name(t.id), name(t.creator), t.place.line if t.place else None, t.state.name)
        for t in traced.timeline.tracks.values()
        if t.kind == "greenlet"
    ]
    assert spawned == [
        ("maker-1", "main", 17, "DONE"), ("work-1", "maker-1", 13, "DONE"), ("work-2", "maker-1", 14, "WAITING"),
        ("maker-2", "main", 18, "CREATED"), ("Worker.run", "main", 19, "DONE"),
    ]
    assert traced.order == ["main", "maker-1", "main", "work-2", "Worker.run", "main", "work-1", "main"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="3.11 does not tell of a greenlet's creation")
def test_greenlets_that_two_threads_make_at_once_are_each_its_own_threads(trace_source: TraceSource) -> None:
    """When main's call is over, the newest greenlet of the class is the other thread's, whose call is not over."""
    traced = trace_source(
        """
        import gc
        from threading import Event, Thread

        # What a collection in the middle of the call has moved is no longer among the newest objects.
        gc.disable()

        from greenlet import greenlet

        class Worker(greenlet):
            def __init__(self, run, then):
                super().__init__(run)
                then()

        def mine():
            pass

        def others():
            pass

        def other_thread():
            main_made.wait()
            Worker(others, lambda: (other_made.set(), main_returned.wait())).switch()

        main_made, other_made, main_returned = Event(), Event(), Event()
        other = Thread(target=other_thread)
        other.start()
        made = Worker(mine, lambda: (main_made.set(), other_made.wait()))
        main_returned.set()
        other.join()
        made.switch()
        """
    )
    assert traced.timeline.notes == []
    name = traced.timeline.name
    spawned = {
        name(t.id): (name(t.parent), name(t.creator), t.place.line if t.place else None, t.state.name)
        for t in traced.timeline.tracks.values()
        if t.kind == "greenlet"
    }
    thread = spawned["others"][0]
    assert spawned == {"mine": ("main", "main", 28, "DONE"), "others": (thread, thread, 23, "DONE")}
    assert thread != "main"


@pytest.mark.skipif(
    sys.version_info < (3, 12) and built() is None, reason="3.11 does not tell of what is raised, but the recorder in C"
)
def test_a_switch_to_a_greenlet_of_another_thread_is_refused(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import threading
        from greenlet import error, getcurrent, greenlet

        def run():
            main.switch()

        def other():
            try:
                one.switch("hello")
            except error:
                print("refused")

        main = getcurrent()
        one = greenlet(run)
        one.switch()
        thread = threading.Thread(target=other, name="other")
        thread.start()
        thread.join()
        one.switch()
        """
    )
    assert (traced.ended.stdout, traced.ended.stderr) == (b"refused\n", b"")
    (refused,) = (remark for remark in traced.timeline.remarks if isinstance(remark, ev.Refused))
    place = traced.timeline.place(refused.place)
    assert traced.timeline.name(refused.by) == "other"
    assert (traced.timeline.name(refused.track), refused.sent) == ("run", "'hello'")
    assert refused.exception == "error('Cannot switch to a different thread')"
    assert (place.line if place is not None else -1) == 10


@pytest.mark.parametrize("asks", [False, True])
def test_what_another_thread_drops_ends_when_it_would_without_us(trace_source: TraceSource, asks: bool) -> None:
    """greenlet ends it where its own thread next calls it, which perhaps never is; a wait of that thread is no such."""
    traced = trace_source(
        """
        import sys
        import threading
        from greenlet import getcurrent, greenlet

        def suspended():
            try:
                getcurrent().parent.switch()
            finally:
                print("ends", flush=True)

        def run():
            made.append(greenlet(suspended))
            made[0].switch()
            is_suspended.set()
            for _ in range(3):
                is_dropped.acquire()
            print("waited", flush=True)
            if sys.argv[1:] == ["True"]:
                getcurrent()

        made, is_suspended, is_dropped = [], threading.Event(), threading.Semaphore(0)
        thread = threading.Thread(target=run, name="owner")
        thread.start()
        is_suspended.wait()
        made.clear()
        for _ in range(3):
            is_dropped.release()
        thread.join()
        print("over", flush=True)
        """,
        str(asks),
    )
    assert traced.ended == bare(traced.path.with_suffix(".py"), str(asks))
    assert traced.ended.stdout.split() == ([b"waited", b"ends", b"over"] if asks else [b"waited", b"over"])
    assert traced.outcome("suspended") == (words.KILLED if asks else None)


def test_nothing_of_ours_is_seen_where_a_greenlets_function_is_told_of(trace_source: TraceSource) -> None:
    # Near the limit of the recursion the hooks in Python have less room than those in C.
    goes_deep = str(built() is not None)
    traced = trace_source(
        """
        import gc
        import sys
        import threading
        import traceback
        from greenlet import error, getcurrent, greenlet

        def depth():
            try:
                return 1 + depth()
            except RecursionError:
                return 0

        def fails():
            raise LookupError(sys._getframe().f_back)

        def counts():
            return sys.getrefcount(counts), getcurrent().__dict__

        def keyed(*args, **kwargs):
            return args, kwargs

        class Own(greenlet):
            def run(self):
                return "own"

        class Called:
            def __call__(self):
                return "called"

        class Exits(BaseException):
            pass

        def exits():
            raise Exits

        if sys.argv[1:] == ["True"]:
            print(greenlet(depth).switch())
        print(greenlet(counts).switch(), greenlet(keyed).switch(1, 2, c=3))
        print(Own().switch(), greenlet(Called()).switch(), greenlet(len).switch([1]))
        try:
            greenlet(fails).switch()
        except LookupError:
            traceback.print_exc()
        try:
            greenlet(exits).switch()
        except Exits as raised:
            print(raised.__context__, raised.__cause__)
        try:
            greenlet(None).switch()
        except TypeError as refused:
            print(refused)

        # One that is refused keeps its own function.
        made = []
        thread = threading.Thread(target=lambda: made.append(greenlet(keyed)))
        thread.start()
        thread.join()
        try:
            made[0].switch()
        except error as refused:
            print(type(refused))
        print(getattr(made[0], "run", None))
        """,
        goes_deep,
    )
    ended = bare(traced.path.with_suffix(".py"), goes_deep)

    def without_addresses(text: bytes) -> bytes:
        return re.sub(rb"0x[0-9a-f]+", b"0x", text)

    assert traced.ended.code == ended.code == 0
    assert without_addresses(traced.ended.stdout) == without_addresses(ended.stdout)
    assert without_addresses(traced.ended.stderr) == without_addresses(ended.stderr)
    ends = {traced.timeline.name(track.id): (track.outcome, track.value) for track in traced.timeline.tracks.values()}
    if SEES_ENDS:
        assert (words.RETURNED, "((1, 2), {'c': 3})") in ends.values()
        assert ends["exits"] == (words.RAISED, "Exits()")
