"""Each scenario by itself, as `python scenarios/NAME.py` runs it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from visualizer.session.catalogue import Scenario, scenarios

OUTPUT = {
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
    "ping_pong": "12\n56\n34\n78\n",
    "producer_consumer": "".join(
        f"[producer] producing {item}\n[consumer] consuming {item}\n[producer] consumer answered 200 OK\n"
        for item in range(1, 6)
    ),
    "sync_vs_async": """\
one_after_another: tasks [1, 2, 3, 4, 5, 6, 7, 8, 9] took TIME s
together: tasks [1, 2, 3, 4, 5, 6, 7, 8, 9] took TIME s
""",
    "three_way": """\
a: asked for a cake
c: weighing two cups
a: c brought two cups of flour
b: baking with two cups of flour
a: b made a cake
main: got a cake
""",
}


def test_every_scenario_is_here() -> None:
    assert {scenario.name for scenario in scenarios()} == set(OUTPUT)


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)
def test_what_it_prints(scenario: Scenario) -> None:
    done = subprocess.run([sys.executable, scenario.path], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.sub(r"\d+\.\d s", "TIME s", done.stdout) == OUTPUT[scenario.name]
