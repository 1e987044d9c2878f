"""Each scenario by itself, as `python scenarios/NAME.py` runs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.scenarios.order import printed
from visualizer.session.catalogue import Scenario, scenarios

OUTPUT = {
    "process_channels": """\
main: cake is 5
main: pie is 4
main: soup is 3
main: tea is 2
main: 14 in all, cooked [2, 2]
""",
    "process_pool": """\
pool: 4 squared is 16
pool: 1 squared is 1
pool: 3 squared is 9
pool: 2 squared is 4
pool: 5 squared is 25
pool: the callback saw [1, 4, 9, 16, 25]
executor: 4 squared is 16
executor: 1 squared is 1
executor: 3 squared is 9
executor: 2 squared is 4
executor: 5 squared is 25
""",
    "thread_locks": """\
main: opens the kitchen
waiter: serves 3 pies
main: closes
""",
    "thread_pool": """\
main: got page a
main: got page b
main: got page c
main: got page d
main: got page e
main: saved 5 pages, none of them itself: True
""",
    "threading_server": """\
ANN SAYS AGAIN
ANN SAYS HELLO
BOB SAYS AGAIN
BOB SAYS HELLO
CLEO SAYS AGAIN
CLEO SAYS HELLO
""",
    "threads": """\
quick: has slept enough
main: quick has ended
main: has waited 0.1 s for slow, or less
slow: has slept enough
late: has slept enough
""",
    "asyncio_cancel": """\
Al: pie is done
waiter: cancelled, no cake after all
Bo: bread is done
Al: pizza is done
main: the kitchen closes
radio: off
""",
    "asyncio_crawler": """\
got the quick page
got the medium page
got the slow page
""",
    "asyncio_hello": """\
first: hello
second: hello
first: hello again
second: hello again
""",
    "asyncio_server": """\
Hello, Ann!
Hello, Bob!
This is the index.
This is the index.
""",
    "buns": """\
buns 1 and 2 are ready
Tom eats bun 1
Jerry eats bun 2
each has eaten 1
buns 3 and 4 are ready
Tom eats bun 3
Jerry eats bun 4
each has eaten 2
buns 5 and 6 are ready
Tom eats bun 5
Jerry eats bun 6
each has eaten 3
""",
    "crawler": """\
one after another
got the slow page
got the quick page
got the medium page
at once
got the quick page
got the medium page
got the slow page
""",
    "deadlock": """\
alice: after you
bob: no, after you
main: This operation would block forever
""",
    "echo_server": "100 clients heard their own echo\n",
    "eventlet_pool": """\
got the quick page
got the short page
got the slow page
""",
    "generator_states": """\
before: GEN_CREATED
inside: GEN_RUNNING
next gives: first stop
then: GEN_SUSPENDED
was sent: hello
send gives: second stop
was thrown: a stone
throw gives: third stop
then: GEN_SUSPENDED
after: GEN_CLOSED
""",
    "gevent_queue": """\
baker: put loaf 1
doorkeeper: opens
baker: put loaf 2
Ann: pays for loaves [1, 2]
baker: put loaf 3
baker: put loaf 4
baker: put loaf 5
Ann: leaves
Ben: pays for loaves [3, 4]
doorkeeper: the last one is in
baker: put loaf 6
Ben: leaves
Cleo: pays for loaves [5, 6]
Cleo: leaves
""",
    "gevent_sleeps": """\
foo goes to sleep for 2 s
bar goes to sleep for 1 s
third goes to sleep for 0 s
third is awake again
bar is awake again
foo is awake again
""",
    "gevent_yield": """\
foo runs
bar runs
foo runs again
bar runs again
""",
    "greenlet_throw": """\
brittle: parked
tidy: parked
thrower: brittle failed with ValueError('a stone')
tidy: cleaning up
thrower: tidy ended with GreenletExit()
""",
    "hog": """\
hog: computing
hog: done
tea: too strong
toast: too dark
""",
    "mixed": """\
Ann pays 23
Bob pays 46
""",
    "name_lookups": """\
localhost is 127.0.0.1
127.0.0.1 is 127.0.0.1
127.0.0.2 is 127.0.0.2
""",
    "ping_pong": "12\n56\n34\n78\n",
    "processes": """\
MainProcess: I fork two
quick: my first step; the parent forked me
quick: my second step; the parent forked me
MainProcess: quick ended with 0
slow: my first step; the parent forked me
slow: my second step; the parent forked me
MainProcess: slow ended with 0
""",
    "producer_consumer": "".join(
        f"[producer] producing {item}\n[consumer] consuming {item}\n[producer] consumer answered 200 OK\n"
        for item in range(1, 6)
    ),
    "round_robin": """\
letters: a
numbers: 1
report: waiting for the letters
letters: b
numbers: 2
letters: c
report: the letters are done
""",
    "select_echo": """\
hello -> HELLO
spam -> maps
bye -> BYE
eggs -> sgge
""",
    "sync_vs_async": """\
one_after_another: tasks [1, 2, 3, 4, 5, 6, 7, 8, 9] took TIME s
together: tasks [1, 2, 3, 4, 5, 6, 7, 8, 9] took TIME s
""",
    "sync_vs_gevent_vs_asyncio": """\
one after another
got the slow page
got the quick page
got the medium page
with gevent
got the quick page
got the medium page
got the slow page
with asyncio
got the quick page
got the medium page
got the slow page
""",
    "three_way": """\
a: asked for a cake
c: weighing two cups
a: c brought two cups of flour
b: baking with two cups of flour
a: b made a cake
main: got a cake
""",
    "tiny_loop": """\
Ann hears HELLO
Bob hears HELLO
Ann hears BYE
Bob hears BYE
""",
}


def test_every_scenario_is_here() -> None:
    assert {scenario.name for scenario in scenarios()} == set(OUTPUT)


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)
def test_what_it_prints(scenario: Scenario) -> None:
    done = subprocess.run([sys.executable, scenario.path], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert printed(scenario.name, done.stdout) == printed(scenario.name, OUTPUT[scenario.name])
