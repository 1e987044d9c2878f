"""Every bundled scenario: the whole sequence of its switches, waits and wakes; and that tracing changes nothing."""

from __future__ import annotations

import sys

import pytest

from tests.scenarios.order import printed
from tests.scenarios.test_output import OUTPUT
from tests.tracers.conftest import TraceScenario
from tests.tracers.traced import SCENARIOS, SEES_ENDS, SEES_WAITS, Traced
from visualizer.trace import words

NAMES = sorted(path.stem for path in SCENARIOS.glob("*.py"))
#: From 3.12 on the interpreter tells what was thrown into a generator.
TELLS_MORE = sys.version_info >= (3, 12)
of_threads = pytest.mark.skipif(not SEES_WAITS, reason="what threads wait for is recorded from 3.12 on, or in C")


@pytest.mark.parametrize("name", NAMES)
def test_the_program_behaves_as_without_us(name: str, trace_scenario: TraceScenario) -> None:
    """What it prints without us: `tests/scenarios/test_output.py`."""
    traced = trace_scenario(name).ended
    assert (traced.code, traced.stderr) == (0, b"")
    assert printed(name, traced.stdout.decode()) == printed(name, OUTPUT[name])


def test_each_has_a_test_of_its_order() -> None:
    assert [name for name in NAMES if f"test_{name}" not in globals()] == []


def test_producer_consumer(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("producer_consumer")
    rounds = [
        hand_over
        for number in range(1, 6)
        for hand_over in (("main", "send", "consumer", str(number)), ("consumer", "yield", "main", "'200 OK'"))
    ]
    assert traced.hand_overs == [
        ("main", "next", "consumer", None),
        ("consumer", "yield", "main", "''"),
        *rounds,
        ("main", "close", "consumer", None),
        ("consumer", "close", "main", None),
    ]
    assert traced.outcome("consumer") == words.CLOSED


def test_buns(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("buns")
    tom, jerry = "consumer-1", "consumer-2"
    assert traced.hand_overs == [
        ("main", "next", tom, None), (tom, "yield", "main", "0"),
        ("main", "next", jerry, None), (jerry, "yield", "main", "0"),
        ("main", "send", tom, "1"), (tom, "yield", "main", "1"),
        ("main", "send", jerry, "2"), (jerry, "yield", "main", "1"),
        ("main", "send", tom, "3"), (tom, "yield", "main", "2"),
        ("main", "send", jerry, "4"), (jerry, "yield", "main", "2"),
        ("main", "send", tom, "5"), (tom, "yield", "main", "3"),
        ("main", "send", jerry, "6"), (jerry, "yield", "main", "3"),
        ("main", "close", tom, None), (tom, "close", "main", None),
        ("main", "close", jerry, None), (jerry, "close", "main", None),
    ]


def test_generator_states(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("generator_states")
    assert traced.hand_overs == [
        ("main", "next", "walk", None),
        ("walk", "yield", "main", "'first stop'"),
        ("main", "send", "walk", "'hello'"),
        ("walk", "yield", "main", "'second stop'"),
        ("main", "throw", "walk", "ValueError('a stone')" if TELLS_MORE else None),
        ("walk", "yield", "main", "'third stop'"),
        ("main", "close", "walk", None),
        ("walk", "close", "main", None),
    ]
    assert traced.states("walk") == [
        "CREATED", "RUNNING", "WAITING", "RUNNING", "WAITING", "RUNNING", "WAITING", "RUNNING", "DONE",
    ]
    assert traced.outcome("walk") == words.CLOSED


def test_ping_pong(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("ping_pong")
    assert traced.order == ["main", "test1", "test2", "test1", "test2", "main"]
    assert {cause for _, cause, _, _ in traced.hand_overs} == {"switch"}
    assert traced.outcome("test1") is None
    assert traced.states("test1") == ["CREATED", "RUNNING", "WAITING", "RUNNING", "WAITING"]
    assert traced.outcome("test2") == words.RETURNED
    assert [output.text for output in traced.timeline.outputs] == ["12\n", "56\n", "34\n", "78\n"]
    assert [traced.timeline.name(o.track) for o in traced.timeline.outputs] == ["test1", "test2", "test1", "test2"]


def test_three_way(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("three_way")
    assert traced.hand_overs == [
        ("main", "switch", "a", "'a cake'"),
        ("a", "switch", "c", "'two cups'"),
        ("c", "switch", "a", "'two cups of flour'" if SEES_ENDS else None),
        ("a", "switch", "b", "'two cups of flour'"),
        ("b", "switch", "a", "'a cake'" if SEES_ENDS else None),
        ("a", "switch", "main", "'a cake'" if SEES_ENDS else None),
    ]
    parents = {traced.timeline.name(t.id): traced.timeline.name(t.parent) for t in traced.timeline.tracks.values()}
    assert parents == {"main": "unknown", "a": "main", "b": "a", "c": "a"}


def test_asyncio_hello(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("asyncio_hello")
    tasks = [name for name in traced.order if name in ("main()", "first", "second")]
    assert tasks[:3] == ["main()", "first", "second"]
    # Both sleeps are over at the same time, or nearly so.
    assert sorted(tasks[3:5]) == ["first", "second"]
    assert tasks[5:] == ["main()"]
    spawns = [wake for wake in traced.wakes if wake[1] == "spawn"]
    assert spawns == [("main", "spawn", "main()"), ("main()", "spawn", "first"), ("main()", "spawn", "second")]
    sleeps = [wait for wait in traced.waits if wait[1] == "sleep"]
    assert sleeps == [("first", "sleep", "1 s"), ("second", "sleep", "1 s")]
    assert traced.threads == set()


def test_asyncio_crawler(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("asyncio_crawler")
    timeline, pages = traced.timeline, ("slow", "quick", "medium")
    assert timeline.notes == []
    assert traced.ran(*pages)[:3] == list(pages)
    assert [wake for wake in traced.wakes if wake[0] == "main()"][1:4] == [("main()", "spawn", page) for page in pages]
    # All are asked for before the first is there.
    tasks = [traced.tracks(page)[0] for page in pages]
    assert max(task.steps[0] for task in tasks) < min(task.steps[-1] for task in tasks)
    said = sorted((timeline.name(o.track), o.text) for o in timeline.outputs)
    assert said == sorted((page, f"got the {page} page\n") for page in pages)
    last = {timeline.name(wake.track): (timeline.name(wake.waker), wake.cause) for wake in timeline.wakeups}
    assert {last[page] for page in pages} == {("loop", "io")}
    assert not [wake for wake in timeline.wakeups if wake.cause == words.UNKNOWN]
    # Its server's tasks, which are eager from Python 3.12 on, each from its first step.
    served = {timeline.name(track): [one.what for one in timeline.services(track)] for track in timeline.tracks}
    assert sorted(what for what in served.values() if what) == [["GET /medium"], ["GET /quick"], ["GET /slow"]]
    servers = [name for name, what in served.items() if what]
    waits = {traced.wait(wait)[:2] for wait in timeline.suspensions}
    assert {(name, "sleep") for name in servers} <= waits
    assert all("(_handle_request-" in name for name in servers)
    # Each page is there after its server has slept.
    for page in pages:
        (server,) = [name for name, what in served.items() if what == [f"GET /{page}"]]
        slept = traced.wakes.index(("loop", "timer", server))
        assert ("loop", "io", page) in traced.wakes[slept:]


def test_asyncio_cancel(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("asyncio_cancel")
    tasks = ("main()", "radio", "Al", "Bo", "cake", "waiter")
    ran = traced.ran(*tasks)
    assert ran[:8] == [*tasks, "Al", "Bo"]
    # At the end main cancels them, and each runs once more.
    assert (sorted(ran[-4:-1]), ran[-1]) == (["Al", "Bo", "radio"], "main()")
    by_each_other = [wake for wake in traced.wakes if wake[0] in tasks]
    assert by_each_other[:10] == [
        *(("main()", "spawn", name) for name in tasks[1:]),
        ("waiter", "callback", "Al"), ("waiter", "callback", "Bo"),  # orders
        ("Al", "callback", "waiter"),  # room for another
        ("Al", "callback", "Bo"),  # the oven
        ("Al", "callback", "waiter"),
    ]
    ends = [wake for wake in traced.wakes if "waiter" in (wake[0], wake[2]) and wake[1] in ("cancel", "finished")]
    assert ends == [
        ("waiter", "cancel", "cake"), ("cake", "finished", "waiter"), ("waiter", "finished", "main()"),
    ]
    late = traced.wakes[traced.wakes.index(("loop", "timeout", "main()")) :]
    assert {wake[2] for wake in late if wake[:2] == ("main()", "cancel")} <= {"Al", "Bo", "radio"}
    waits = {name: [(reason, on) for who, reason, on in traced.waits if who == name] for name in tasks}
    assert waits["main()"] == [
        ("join", "asyncio.TaskGroup()"), ("queue", "orders.join()"), ("join", "asyncio.wait([*cooks, playing])"),
    ]
    assert waits["Al"][:3] == [("queue", "orders.get()"), ("sleep", "0.1 s"), ("lock", "oven")]
    assert waits["Bo"][:3] == [("queue", "orders.get()"), ("lock", "oven"), ("sleep", "0.1 s")]
    assert waits["cake"][:2] == [("sleep", "0.05 s"), ("lock", "oven")]
    assert waits["waiter"] == [("queue", "orders.put(dish)")] * 2 + [("sleep", "0.05 s"), ("join", "order")]
    assert set(waits["radio"]) == {("sleep", "0.25 s")}
    assert {name: traced.outcome(name) for name in tasks} == {
        "main()": words.RETURNED, "waiter": words.RETURNED,
        "radio": words.CANCELLED, "Al": words.CANCELLED, "Bo": words.CANCELLED, "cake": words.CANCELLED,
    }
    told = [(traced.timeline.name(o.track), o.text) for o in traced.timeline.outputs if not o.text.endswith("done\n")]
    assert told == [
        ("waiter", "waiter: cancelled, no cake after all\n"),
        ("main()", "main: the kitchen closes\n"), ("radio", "radio: off\n"),
    ]


def test_asyncio_server(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("asyncio_server")
    timeline = traced.timeline
    clients = {"reader-1": "0 s", "Ann": "0.01 s", "reader-2": "0.02 s", "Bob": "0.03 s"}
    assert traced.ran(*clients)[:4] == list(clients)
    assert traced.waits[3] == ("main()", "join", "asyncio.TaskGroup()")
    assert traced.waits[4:8] == [(name, "sleep", seconds) for name, seconds in clients.items()]
    handlers = [track for track in timeline.tracks.values() if timeline.services(track.id)]
    for path, who in (("/", ("reader-1", "reader-2")), ("/hello/Ann", ("Ann",)), ("/hello/Bob", ("Bob",))):
        serving = [one for one in handlers if [it.what for it in timeline.services(one.id)] == [f"GET {path}"]]
        assert len(serving) == len(who)
        # A client sleeps, then asks; its handler begins, and ends; then the client goes on.
        asking = [track for name in who for track in traced.tracks(name)]
        asked, began = sorted(track.steps[1] for track in asking), sorted(track.steps[0] for track in serving)
        ended, answered = sorted(track.steps[-1] for track in serving), sorted(track.steps[-1] for track in asking)
        in_order = zip(asked, began, ended, answered, strict=True)
        assert all(asks < begins <= ends < goes_on for asks, begins, ends, goes_on in in_order)
        for track in serving:
            name = timeline.name(track.id)
            slept = ([(name, "sleep", "0.1 s")], [("loop", "timer", name)])
            waits = [wait for wait in traced.waits if wait[0] == name]
            timers = [wake for wake in traced.wakes if wake[2] == name and wake[1] != "spawn"]
            assert (waits, timers) == (slept if path == "/" else ([], []))
    for name in clients:
        woken = [wake[:2] for wake in traced.wakes if wake[2] == name]
        assert woken[:2] == [("main()", "spawn"), ("loop", "timer")]
        assert ("loop", "io") in woken
    (last,) = [wake for wake in traced.wakes if wake[2] == "main()" and wake[0] in clients]
    assert last[1] == "finished"
    said = sorted((timeline.name(o.track), o.text) for o in timeline.outputs)
    assert said == [
        ("Ann", "Hello, Ann!\n"), ("Bob", "Hello, Bob!\n"),
        ("reader-1", "This is the index.\n"), ("reader-2", "This is the index.\n"),
    ]
    assert traced.threads == set()


def test_sync_vs_gevent_vs_asyncio(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("sync_vs_gevent_vs_asyncio")
    timeline, pages = traced.timeline, ("slow", "quick", "medium")
    lines = [
        (timeline.name(o.track), o.text.strip()) for o in timeline.outputs if timeline.tracks[o.track].process == 0
    ]
    assert lines[:5] == [
        ("main", "one after another"), *(("main", f"got the {page} page") for page in pages), ("main", "with gevent"),
    ]
    fetches = {"fetch-1": "slow", "fetch-2": "quick", "fetch-3": "medium"}
    assert sorted(lines[5:8]) == [(name, f"got the {page} page") for name, page in fetches.items()]
    assert lines[8] == ("with_asyncio", "with asyncio")
    assert sorted(lines[9:]) == sorted((page, f"got the {page} page") for page in pages)
    # Each page of the first three is asked for once the one before is there, of the others all at once.
    slept = [on for who, reason, on in traced.waits if who.startswith("answer-") and reason == "sleep"]
    assert slept[:3] == ["0.3 s", "0.1 s", "0.2 s"]
    assert sorted(slept[3:6]) == sorted(slept[6:]) == ["0.1 s", "0.2 s", "0.3 s"]
    assert traced.ran(*fetches)[:3] == list(fetches)
    assert traced.ran(*pages)[:3] == list(pages)
    of_main = [wake for wake in traced.wakes if wake[0] in ("main", *fetches, "with_asyncio", *pages)]
    assert of_main[:3] == [("main", "spawn", name) for name in fetches]
    started = of_main.index(("main", "spawn", "with_asyncio"))
    # One that has ended is not waited for.
    assert 1 <= started - 3 <= 3
    assert set(of_main[3:started]) <= {(name, "finished", "main") for name in fetches}
    assert of_main[started + 1 : -1] == [("with_asyncio", "spawn", page) for page in pages]
    assert of_main[-1] in [(page, "finished", "with_asyncio") for page in pages]
    for name in fetches:
        calls = ("connection.recv(100)", 'sockets.create_connection(("127.0.0.1", port))')
        assert {wait[1:] for wait in traced.waits if wait[0] == name} <= {("io", call) for call in calls}
        assert {wake[:2] for wake in traced.wakes if wake[2] == name} <= {("main", "spawn"), ("hub", "io")}
    (loop,) = [timeline.name(t.id) for t in timeline.tracks.values() if t.kind == words.LOOP and t.process == 0]
    for page in pages:
        woken = {wake[:2] for wake in traced.wakes if wake[2] == page}
        assert woken <= {("with_asyncio", "spawn"), (loop, "io"), (loop, "callback")}


def test_gevent_yield(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("gevent_yield")
    assert traced.order == [
        "main", "hub", "foo", "hub", "bar", "hub", "foo", "hub", "bar", "hub", "main", "hub", "main",
    ]
    assert traced.wakes == [
        ("main", "spawn", "foo"), ("main", "spawn", "bar"),
        ("hub", "timer", "foo"), ("hub", "timer", "bar"),
        ("foo", "finished", "main"), ("bar", "finished", "main"),
    ]
    for name in ("foo", "bar"):
        assert traced.states(name) == ["CREATED", "READY", "RUNNING", "WAITING", "READY", "RUNNING", "DONE"]


def test_gevent_sleeps(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("gevent_sleeps")
    steps = [name for name in traced.order if name in ("foo", "bar", "third")]
    assert steps == ["foo", "bar", "third", "third", "bar", "foo"]
    assert [wait for wait in traced.waits if wait[0] != "main"] == [
        ("foo", "sleep", "2 s"), ("bar", "sleep", "1 s"), ("third", "sleep", "0 s"),
    ]
    assert {wait[:2] for wait in traced.waits if wait[0] == "main"} == {("main", "join")}
    assert traced.wakes == [
        ("main", "spawn", "foo"), ("main", "spawn", "bar"), ("main", "spawn", "third"),
        ("hub", "timer", "third"), ("third", "finished", "main"),
        ("hub", "timer", "bar"), ("bar", "finished", "main"),
        ("hub", "timer", "foo"), ("foo", "finished", "main"),
    ]
    # Once for each sleep, if nothing interrupts the poll.
    assert traced.states("hub").count("IDLE") >= 2
    kinds = {traced.timeline.name(t.id): t.kind for t in traced.timeline.tracks.values()}
    assert kinds == {"main": "thread", "hub": "hub", "foo": "greenlet", "bar": "greenlet", "third": "greenlet"}


def test_sync_vs_async(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("sync_vs_async")
    tasks = [f"task-{number}" for number in range(1, 10)]
    assert [wake for wake in traced.wakes if wake[1] == "timer"] == [("hub", "timer", "main")] * 9 + [
        ("hub", "timer", task) for task in tasks
    ]
    assert traced.waits[:9] == [("main", "sleep", "0.1 s")] * 9
    assert [wait for wait in traced.waits if wait[0] != "main"] == [(task, "sleep", "0.1 s") for task in tasks]
    starts = [track.steps[0] for track in traced.timeline.tracks.values() if track.base_name == "task"]
    ends = [track.steps[1] for track in traced.timeline.tracks.values() if track.base_name == "task"]
    assert max(starts) < min(ends), "all nine sleep at the same time"


def test_round_robin(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("round_robin")
    assert traced.order == [
        "main", "letters", "main", "numbers", "main", "report", "main", "letters", "main", "numbers", "main",
        "letters", "main", "numbers", "main", "letters", "main", "report", "main",
    ]
    assert [(name, value) for name, cause, _, value in traced.hand_overs if cause == "yield"] == [
        ("letters", "None"), ("numbers", "None"), ("report", "<generator>"),
        ("letters", "None"), ("numbers", "None"), ("letters", "None"),
    ]
    steps = {name: len(traced.tracks(name)[0].steps) for name in ("letters", "numbers", "report")}
    assert steps == {"letters": 4, "numbers": 3, "report": 2}
    assert {traced.outcome(name) for name in steps} == {words.RETURNED}
    assert traced.states("report")[-5:] == ["CREATED", "RUNNING", "WAITING", "RUNNING", "DONE"]


def test_greenlet_throw(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("greenlet_throw")
    assert [hand_over[:3] for hand_over in traced.hand_overs] == [
        ("main", "switch", "thrower"),
        ("thrower", "switch", "brittle"), ("brittle", "switch", "thrower"),
        ("thrower", "switch", "tidy"), ("tidy", "switch", "thrower"),
        ("thrower", "throw", "brittle"), ("brittle", "throw", "thrower"),
        ("thrower", "throw", "tidy"), ("tidy", "switch", "thrower"),
        ("thrower", "switch", "main"),
    ]
    ends = {traced.timeline.name(t.id): (t.outcome, t.value) for t in traced.timeline.tracks.values()}
    assert ends == {
        "main": (words.RETURNED, None),
        "thrower": (words.RETURNED, "None" if SEES_ENDS else None),
        "brittle": (words.RAISED, "ValueError('a stone')" if SEES_ENDS else None),
        "tidy": (words.KILLED, "GreenletExit()" if SEES_ENDS else None),
    }
    parents = {traced.timeline.name(t.id): traced.timeline.name(t.parent) for t in traced.timeline.tracks.values()}
    assert parents == {"main": "unknown", "thrower": "main", "brittle": "thrower", "tidy": "thrower"}
    assert [traced.timeline.name(o.track) for o in traced.timeline.outputs] == [
        "brittle", "tidy", "thrower", "tidy", "thrower",
    ]


def test_crawler(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("crawler")
    who_got_it = [(traced.timeline.name(o.track), o.text.strip()) for o in traced.timeline.outputs]
    assert who_got_it[:5] == [
        ("main", "one after another"),
        ("main", "got the slow page"), ("main", "got the quick page"), ("main", "got the medium page"),
        ("main", "at once"),
    ]
    assert sorted(who_got_it[5:]) == [
        ("fetch-1", "got the slow page"), ("fetch-2", "got the quick page"), ("fetch-3", "got the medium page"),
    ]
    at_once_ns = traced.timeline.outputs[4].t_ns
    read = ("main", "io", "browser.open(url)")
    before = [traced.wait(p) for p in traced.timeline.suspensions if p.track == 0 and p.t_ns < at_once_ns]
    assert before.count(read) == len(before) >= 3
    fetches = traced.tracks("fetch")
    for fetch in fetches:
        name = traced.timeline.name(fetch.id)
        assert {wait for wait in traced.waits if wait[0] == name} == {(name, "io", "browser.open(url)")}
        assert {wake for wake in traced.wakes if wake[2] == name} == {("main", "spawn", name), ("hub", "io", name)}
    assert max(fetch.steps[0] for fetch in fetches) < min(fetch.steps[-1] for fetch in fetches), "all at once"
    asked = [p.on for p in traced.timeline.suspensions if p.reason == "sleep" and p.track != 0]
    assert asked == ["0.3 s", "0.1 s", "0.2 s"] * 2, "at the server, in the order in which they were asked for"


def test_eventlet_pool(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("eventlet_pool")
    who_got_it = [(traced.timeline.name(o.track), o.text.strip()) for o in traced.timeline.outputs]
    assert sorted(who_got_it) == [
        ("fetch-1", "got the slow page"), ("fetch-2", "got the quick page"), ("fetch-3", "got the short page"),
    ]
    of_main = [wait[1:] for wait in traced.waits if wait[0] == "main"]
    assert of_main == [("pool", "pool.spawn(fetch, page)"), ("join", "pool.waitall()")]
    woken = [wake[:2] for wake in traced.wakes if wake[2] == "main"]
    assert {cause for _, cause in woken} == {"callback", "finished"}
    first, second, third = traced.tracks("fetch")
    assert max(first.spawn_ns, second.spawn_ns) < second.exit_ns < third.spawn_ns, "once there is room"
    assert traced.problems == []


def test_echo_server(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("echo_server")
    clients = traced.tracks("client")
    assert [traced.timeline.name(client.id) for client in clients] == [f"client-{n}" for n in range(1, 101)]
    assert {(client.outcome, client.value) for client in clients} == {(words.RETURNED, "True")}
    served = [t for t in traced.timeline.tracks.values() if t.kind == words.GREENLET and t not in clients]
    assert len(served) == 100
    assert {served.outcome for served in served} == {words.RETURNED}
    assert {traced.timeline.name(served.creator) for served in served} == {"hub"}
    assert max(client.steps[0] for client in clients) < min(client.steps[-1] for client in clients), "all at once"
    hand_overs = {(origin == "hub") + (target == "hub") for origin, _, target, _ in traced.hand_overs}
    assert hand_overs == {1}, "every hand-over goes through the hub"
    for track in (*clients, *served):
        waits = {traced.wait(one)[1:] for one in traced.timeline.suspensions if one.track == track.id}
        assert waits <= {
            ("io", "socket.create_connection(server.address)"), ("io", "lines.readline()"),
            ("io", "connection.recv(1024)"), ("sleep", "0.1 s"),
        }
        assert ("io", "connection.recv(1024)") in waits or waits >= {("io", "lines.readline()"), ("sleep", "0.1 s")}
    assert {wake[:2] for wake in traced.wakes if wake[2] != "main"} == {
        ("main", "spawn"), ("hub", "spawn"), ("hub", "io"), ("hub", "timer"),
    }


def test_name_lookups(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("name_lookups")
    lookups = [f"look_up-{number}" for number in (1, 2, 3)]
    assert traced.ran(*lookups)[:3] == lookups
    assert [wait for wait in traced.waits if wait[0] != "main"] == [
        (name, "dns", "socket.gethostbyname(name)") for name in lookups
    ]
    assert {wait for wait in traced.waits if wait[0] == "main"} == {
        ("main", "join", "gevent.joinall(lookups, timeout=2)")
    }
    for name in lookups:
        assert traced.states(name)[-5:] == ["RUNNING", "WAITING", "READY", "RUNNING", "DONE"]
    assert [track.value for track in traced.tracks("look_up")] == ["'127.0.0.1'", "'127.0.0.1'", "'127.0.0.2'"]
    ends = [(waker, cause) for waker, cause, woken in traced.wakes if woken == "main"]
    assert set(ends) <= {(name, "finished") for name in lookups}, "its limit was not reached"


#: What ended each wait in a call of a track: what it waited for, and who ended that, or how.
Ends = dict[str, list[tuple[str, str]]]


def ends_of(traced: Traced) -> Ends:
    timeline = traced.timeline
    found: Ends = {timeline.name(track): [] for track in timeline.tracks}
    for switch in traced.switches:
        if switch.cause == words.UNPARK:
            track = timeline.tracks[switch.target]
            wakeup, wait = timeline.made_ready(track, track.slice_of_step(switch.index))
            assert wakeup is not None
            assert wait is not None
            waker = timeline.name(wakeup.waker) if wakeup.waker != words.NOBODY else wakeup.cause
            # Whether it waits for a lock inside of such a call depends on how threads take turns.
            if wait.reason != words.LOCK or "(" not in wait.on:
                found[timeline.name(track.id)].append((wait.on, waker))
    return found


@of_threads
def test_threads(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("threads")
    ends = ends_of(traced)
    assert {ends["quick"][0], ends["slow"][0], ends["late"][0]} == {
        ("0.1 s", "timer"), ("0.5 s", "timer"), ("0.8 s", "timer"),
    }
    # It does not wait for who has ended by then.
    assert set(ends["main"][:2]) & {("quick.join()", "quick"), ("slow.join(0.1)", "timeout")}
    assert ends["main"][-1] == ("other threads to end", "late")
    assert set(ends["main"]) <= {
        ("quick.join()", "quick"), ("slow.join(0.1)", "timeout"), ("slow.join(0.1)", "slow"),
        ("other threads to end", "late"), ("other threads to end", "slow"),
    }
    assert set(ends["clock"]) == {("0.15 s", "timer")}
    assert (ends["night watch"], traced.states("night watch")) == ([], ["RUNNING", "WAITING"])
    started = [track for track in traced.timeline.tracks.values() if track.kind == words.THREAD][1:]
    assert [(track.base_name, traced.timeline.name(track.creator)) for track in started] == [
        (name, "main") for name in ("quick", "slow", "late", "clock", "night watch")
    ]


@of_threads
def test_thread_locks(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("thread_locks")
    ends = ends_of(traced)
    cooks, guests = ({name for name in ends if name.startswith(kind)} for kind in ("cook", "guest"))
    # Of those who wait for the oven, each is woken by the one before.
    handed_over = [(end[1], name) for name in cooks for end in ends[name] if end[0] == "oven"]
    assert handed_over
    assert all(waker in cooks - {name} for waker, name in handed_over)
    assert len({waker for waker, _ in handed_over}) == len(handed_over)
    told = {name: {end[1] for end in ends[name] if end[0] == "opened.wait()"} for name in cooks}
    assert all(wakers <= {"main"} for wakers in told.values())
    served = [end[1] for end in ends["waiter"] if end[0] == "table.wait()"]
    assert served
    assert set(served) <= cooks
    assert {end[1] for name in guests for end in ends[name] if end[0] == "chairs"} <= guests
    assert {wait.object.split()[0] for wait in traced.timeline.suspensions if wait.object} >= {
        "lock", "Event", "Condition", "track",
    }


@of_threads
def test_thread_pool(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("thread_pool")
    ends = ends_of(traced)
    workers = {name for name in ends if name.startswith("worker")}
    assert len(workers) == 2
    assert {end[1] for end in ends["main"] if end[0] == "page.result()"} <= workers
    handlers = [track for track in traced.timeline.tracks.values() if "process_request_thread" in track.base_name]
    # Of an answer in several parts, who sends it wakes by the first.
    answered = {end[1] for name in workers for end in ends[name] if end[0].startswith("urlopen(")}
    assert answered - {"io"} == {traced.timeline.name(track.id) for track in handlers}
    assert [traced.timeline.name(track.creator) for track in handlers] == ["server"] * 5


@of_threads
def test_threading_server(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("threading_server")
    ends = ends_of(traced)
    connections = [track for track in traced.timeline.tracks.values() if "process_request_thread" in track.base_name]
    assert [traced.timeline.name(track.creator) for track in connections] == ["server"] * 3
    for track in connections:
        (sender,) = {end[1] for end in ends[traced.timeline.name(track.id)]}
        assert sender in ("client Ann", "client Bob", "client Cleo")
        assert {end[0] for end in ends[traced.timeline.name(track.id)]} == {"self.request.recv(1024)"}
    for name in ("Ann", "Bob", "Cleo"):
        assert {end[1] for end in ends[f"client {name}"]} >= {"io", "timer"}


@of_threads
def test_select_echo(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("select_echo")
    ends = ends_of(traced)
    assert {end for end in ends["main"] if "select" in end[0]} == {("select.select(reading, to_answer, [])", "io")}
    found = [which for (track, _), which in sorted(traced.timeline.found_ready.items()) if track == 0]
    # Two listening sockets; from each connection two words and its end, to each two answers. What becomes ready just
    # after a select counts for that as well.
    assert sum(len(part.split()) - 1 for which in found for part in which.split(", ")) >= 2 + 2 * 3 + 2 * 2
    assert traced.problems == []


@of_threads
def test_tiny_loop(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("tiny_loop")
    answers, asks = ("answer-1", "answer-2"), ("ask-1", "ask-2")
    for name in answers:
        states = traced.states(name)
        # It waits twice for a word and once for the end, and each time until it can write.
        assert states[:2] == ["CREATED", "RUNNING"]
        assert states[-1] == "DONE"
        assert states.count("READY") == 5
        assert {states[index - 1] for index, state in enumerate(states) if state == "READY"} == {"WAITING"}
        assert {wake for wake in traced.wakes if wake[2] == name} == {("main", "io", name)}
    assert all(traced.states(name).count("READY") == 2 for name in asks), "after a sleep it is resumed at once"
    assert {wait.reason for wait in traced.timeline.suspensions if wait.track == 0 and wait.on} == {words.SELECT}
    assert traced.problems == []


def test_processes(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("processes")
    timeline = traced.timeline
    first, slow, quick = timeline.processes
    assert [one.how for one in (slow, quick)] == [words.BY_FORK] * 2
    assert {one.parent for one in (slow, quick)} == {first.pid}
    assert [one.end for one in (slow, quick)] == ["exit code 0"] * 2
    assert [track.process for track in traced.tracks("steps")] in ([1, 2], [2, 1])
    names = [timeline.name(one.track) for one in (quick, slow)]
    assert [name.partition(" ")[0] for name in names] == ["quick", "slow"]
    if TELLS_MORE:
        joins = [end for end in ends_of(traced)["main"] if end[0] == "child.join()"]
        # One that has ended is not waited for.
        assert joins == [("child.join()", name) for name in names if ("child.join()", name) in joins]
        assert joins


@of_threads
def test_process_channels(trace_scenario: TraceScenario) -> None:
    messages = messages_of(trace_scenario("process_channels"))
    dishes = {"'soup'": "Al", "'cake'": "Al", "'pie'": "Bo", "'tea'": "Bo"}
    prices = {"'pie'": "4", "'soup'": "3", "'cake'": "5", "'tea'": "2"}
    assert {value: sender for sender, receiver, value in messages if receiver == "waiter" != sender != "main"} == dishes
    # Each is asked for, and answered, before the next.
    asked = [value for sender, _, value in messages if sender == "waiter"]
    answered = [value for sender, receiver, value in messages if (sender, receiver) == ("main", "waiter")]
    assert asked[-1] == "None"
    assert sorted(asked[:-1]) == sorted(dishes)
    assert answered == [prices[dish] for dish in asked[:-1]]


@of_threads
def test_process_pool(trace_scenario: TraceScenario) -> None:
    messages = messages_of(trace_scenario("process_pool"))
    sent = [(receiver, value) for sender, receiver, value in messages if sender == "main" and "<square>" in value]
    back = [(sender, value) for sender, receiver, value in messages if receiver == "main" and "(True, " in value]
    numbers = list(enumerate((4, 1, 3, 2, 5)))
    assert [value for _, value in sent] == [f"({job}, 0, <square>, ({n},), {{}})" for job, n in numbers]
    assert sorted(value for _, value in back) == [f"({job}, 0, (True, {n * n}))" for job, n in numbers]
    # Who took a task has sent its result.
    for worker, value in sent:
        job = value.partition(",")[0]
        assert [who for who, result in back if result.startswith(job)] == [worker]
    items = [receiver for _, receiver, value in messages if value == "<_CallItem>"]
    assert len(items) == 5
    assert all(receiver.startswith("ForkProcess-") for receiver in items)


@of_threads
def test_mixed(trace_scenario: TraceScenario) -> None:
    """Each hand-over from a runtime to the next is told."""
    traced = trace_scenario("mixed")
    timeline = traced.timeline
    kinds = {track.kind for track in timeline.tracks.values()}
    assert kinds == {words.THREAD, words.HUB, words.GREENLET, words.LOOP, words.TASK}
    assert len(timeline.processes) in (2, 3), "a pool starts a process when all others have something to do"
    for wake in (("main", "spawn", "send-1"), ("main", "spawn", "send-2")):
        assert wake in traced.wakes
    of_cashier = {wake for wake in traced.wakes if wake[2] == "cashier"}
    assert {(who, cause) for who, cause, _ in of_cashier} & {("customer-1", "callback"), ("customer-2", "callback")}
    starters = {timeline.name(one.starter[0]) for one in timeline.processes[1:] if one.starter is not None}
    assert starters == {"cashier"}
    assert traced.problems == []


def messages_of(traced: Traced) -> list[tuple[str, str, str]]:
    """Process of the sender, process of the receiver, value of each message; the first process is "main"."""
    timeline = traced.timeline

    def name(track: int) -> str:
        process = timeline.process_of(track)
        return timeline.name(process.track).partition(" ")[0] if process.number else "main"

    return [(name(one.sender), name(one.receiver), one.value or "") for one in timeline.messages]


def test_gevent_queue(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("gevent_queue")
    assert traced.ran("baker", "doorkeeper", "customer-1", "customer-2", "customer-3") == [
        "baker", "doorkeeper", "customer-1", "customer-2",
        "doorkeeper", "customer-1", "customer-2",
        "baker", "customer-1", "baker", "customer-2", "baker", "customer-2", "baker",
        "customer-1", "customer-2", "doorkeeper", "customer-3", "baker", "customer-3",
        "customer-2", "customer-3", "customer-3", "doorkeeper",
    ]
    waits = {
        name: [(reason, on) for who, reason, on in traced.waits if who == name]
        for name in ("baker", "doorkeeper", "customer-1", "customer-2", "customer-3")
    }
    paying = ("sleep", "0.1 s")
    assert waits["baker"] == [("queue", "shelf.put(loaf)")] * 5
    assert waits["doorkeeper"] == [
        ("sleep", "0.1 s"),
        ("pool", 'shop.spawn(customer, "Cleo")'),
        ("pool", "shop.join()"),
    ]
    assert waits["customer-1"] == [("event", "opened.wait()"), ("queue", "shelf.get()"), paying]
    assert [wait for wait in waits["customer-2"] if "till" not in wait[1]] == [
        ("event", "opened.wait()"), ("queue", "shelf.get()"), ("queue", "shelf.get()"), paying,
    ]
    assert [wait for wait in waits["customer-3"] if "till" not in wait[1]] == [("queue", "shelf.get()"), paying]
    for wake in (
        ("doorkeeper", "callback", "customer-1"), ("doorkeeper", "callback", "customer-2"),  # opened
        ("customer-1", "callback", "baker"), ("customer-3", "callback", "baker"),  # took a loaf
        ("customer-1", "callback", "customer-2"), ("customer-2", "callback", "customer-3"),  # left the till
        ("doorkeeper", "spawn", "customer-3"),
    ):
        assert wake in traced.wakes
    assert traced.wakes[-1] == ("doorkeeper", "finished", "main")


def test_hog(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("hog")
    assert traced.ran("tea", "toast", "hog") == ["tea", "toast", "hog", "tea", "toast"]
    assert [wait for wait in traced.waits if wait[0] != "main"] == [
        ("tea", "sleep", "0.1 s"),
        ("toast", "sleep", "0.3 s"),
    ]
    assert traced.wakes == [
        ("main", "spawn", "tea"), ("main", "spawn", "toast"), ("main", "spawn", "hog"),
        ("hog", "finished", "main"),
        ("hub", "timer", "tea"), ("hub", "timer", "toast"),
        ("tea", "finished", "main"), ("toast", "finished", "main"),
    ]
    (hog,) = traced.tracks("hog")
    assert len(hog.steps) == 1
    due_ns = [one.t_ns + one.asked_ns for one in traced.timeline.suspensions if one.reason == "sleep"]
    began_ns = traced.switches[hog.steps[0]].t_ns
    assert all(began_ns < due < hog.exit_ns for due in due_ns), "their time was over while hog ran"
    assert all(wake.t_ns >= hog.exit_ns for wake in traced.timeline.wakeups if wake.cause == "timer")
    assert traced.states("hog") == ["CREATED", "READY", "RUNNING", "DONE"]


def test_deadlock(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("deadlock")
    assert traced.order == ["main", "hub", "alice", "hub", "bob", "hub", "main"]
    assert [wait for wait in traced.waits if wait[0] != "main"] == [
        ("alice", "event", "bob_spoke.wait()"), ("bob", "event", "alice_spoke.wait()"),
    ]
    assert traced.wakes == [("main", "spawn", "alice"), ("main", "spawn", "bob"), ("hub", "throw", "main")]
    assert traced.switches[-1].cause == "throw"
    for name in ("alice", "bob"):
        assert traced.states(name) == ["CREATED", "READY", "RUNNING", "WAITING"]
        assert traced.outcome(name) is None
    assert traced.outcome("main") == words.RETURNED
    assert traced.timeline.uncaught is None


def test_gevent_queue_names_every_waker(trace_scenario: TraceScenario) -> None:
    """Room on the shelf comes from whoever took a loaf, a loaf from the baker, a place in the shop from who left."""
    traced = trace_scenario("gevent_queue")
    baker, one, two, three = "baker", "customer-1", "customer-2", "customer-3"
    assert [(waker, woken) for waker, _, woken in traced.wakes] == [
        ("main", baker), ("main", "doorkeeper"), ("doorkeeper", one), ("doorkeeper", two),
        ("hub", "doorkeeper"), ("doorkeeper", one), ("doorkeeper", two),
        (one, baker), (baker, one), (one, baker), (baker, two), (two, baker), (baker, two), (two, baker),
        ("hub", one), (one, two), (one, "doorkeeper"), ("doorkeeper", three),
        (three, baker), (baker, three), (baker, "main"),
        ("hub", two), (two, three), ("hub", three), (three, "doorkeeper"), ("doorkeeper", "main"),
    ]


def test_gevent_queue_who_waits_at_the_till(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("gevent_queue")
    assert [wait for wait in traced.waits if wait[1] == "semaphore"] == [
        ("customer-2", "semaphore", "till"), ("customer-3", "semaphore", "till"),
    ]


def test_name_lookups_have_a_limit(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("name_lookups")
    first, *others = [one.asked_ns for one in traced.timeline.suspensions if one.reason == words.JOIN]
    assert first == 2_000_000_000
    assert all(0 < left_ns < first for left_ns in others), "joinall waits on for what is left of its limit"


@pytest.mark.parametrize(("name", "count"), [("crawler", 6), ("echo_server", 100)])
def test_a_servers_greenlets_are_named_after_what_serves(trace_scenario: TraceScenario, name: str, count: int) -> None:
    traced = trace_scenario(name)
    assert len(traced.tracks("serve")) == count
