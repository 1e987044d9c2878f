"""`visualizer stats`: a table, or JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from wcwidth import wcswidth

from tests.unit.analysis.tape import Tape, sleeps
from visualizer.analysis.report.details import Figures, details
from visualizer.cli.stats import report, who_wakes_whom
from visualizer.trace import words
from visualizer.trace.events import Continued, Header, Held, Wake, encode

Visualizer = Callable[..., "subprocess.CompletedProcess[str]"]
HEADER = encode(Header(words.FORMAT, words.VERSION))


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "a.trace"
    path.write_bytes(HEADER + b"".join(map(encode, sleeps().events)))
    return path


def test_what_it_was_held_is_told_beside_its_time(visualizer: Visualizer, tmp_path: Path) -> None:
    path = tmp_path / "held.trace"
    stops = [Held(5_000, 0), Continued(5_000, 250_000_000), Held(6_000, 250_000_000), Continued(6_000, 750_000_000)]
    path.write_bytes(HEADER + b"".join(map(encode, (*sleeps().events, *stops))))
    first = visualizer("stats", str(path)).stdout.splitlines()[0]
    assert first == "10 switches in 2 s; paused 2 times, for 0.75 s in addition; 5 wakes, the cause of each known"
    found = json.loads(visualizer("stats", "--json", str(path)).stdout)
    assert (found["stops"], found["held_s"]) == (2, 0.75)


def test_wakes_of_unknown_cause_are_counted(visualizer: Visualizer, tmp_path: Path) -> None:
    events = list(sleeps().events)
    first = next(number for number, event in enumerate(events) if isinstance(event, Wake))
    events[first] = msgspec.structs.replace(events[first], waker=words.NOBODY, cause=words.UNKNOWN)
    path = tmp_path / "unknown.trace"
    path.write_bytes(HEADER + b"".join(map(encode, events)))
    told = visualizer("stats", str(path)).stdout.splitlines()[0]
    assert told == "10 switches in 2 s; 5 wakes, the cause of 1 unknown (20.00%)"
    totals = json.loads(visualizer("stats", "--json", str(path)).stdout)["totals"]
    assert (totals["wakes"], totals["wakes_unknown"]) == (5, 1)


def test_the_table(visualizer: Visualizer, trace: Path) -> None:
    done = visualizer("stats", str(trace))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "10 switches in 2 s; 5 wakes, the cause of each known",
        "",
        "track  kind      state    steps  running  ready  waiting  blocked  idle",
        "-----------------------------------------------------------------------",
        "main   thread    DONE         1     7 µs   1 µs      2 s        -     -",
        "hub    hub       WAITING      5     8 µs      -     8 µs        -   2 s",
        "foo    greenlet  DONE         2     2 µs   5 µs      2 s        -     -",
        "bar    greenlet  DONE         2     2 µs   5 µs        -        -     -",
        "-----------------------------------------------------------------------",
        "total  4 tracks              10    19 µs  11 µs      4 s        -   2 s",
        "",
        "track  run %  ready %  wait %  block %  idle %  step p50   p95   max  delay p50   p95   max  woke  woken",
        "--------------------------------------------------------------------------------------------------------",
        "main     0.0      0.0   100.0        -       -      1 µs  6 µs  6 µs       1 µs  1 µs  1 µs     2      1",
        "hub      0.0        -     0.0        -   100.0      1 µs  2 µs  2 µs          -     -     -     2      0",
        "foo      0.0      0.0   100.0        -       -      1 µs  1 µs  1 µs       1 µs  4 µs  4 µs     1      2",
        "bar     25.0     62.5       -        -       -      1 µs  1 µs  1 µs       1 µs  4 µs  4 µs     0      2",
        "--------------------------------------------------------------------------------------------------------",
        "total    0.0      0.0    66.7        -    33.3      1 µs  6 µs  6 µs       1 µs  4 µs  4 µs     5      5",
        "",
        "  late   total  track",
        "---------------------",
        "0.3 ms  0.3 ms  foo",
        "",
        "waited  times  reason  for                  at",
        "------------------------------------------------------",
        "   2 s      1  join    gevent.joinall(all)  demo.py:31",
        "   2 s      1  sleep   2 s                  demo.py:18",
        "   0 s      1  sleep   0 s                  demo.py:24",
    ]


def test_of_many_that_ran_late_the_latest_are_printed() -> None:
    tape = Tape().spawn("hub", words.HUB).switch("main", "hub")
    for number in range(12):
        tape.spawn(key := f"t{number}", words.GREENLET, parent="hub").switch("hub", key)
        tape.waits(key, words.SLEEP, "1 ms", 1_000_000).switch(key, "hub")
        tape.at(tape.t_ns + (number + 2) * 1_000_000).wake(key, "hub", words.TIMER).switch("hub", key)
        tape.switch(key, "hub")
    lines = list(report(Figures(tape.timeline())))
    first = next(index for index, line in enumerate(lines) if line.split() == ["late", "total", "track"])
    assert lines[first + 2].split() == ["12", "ms", "12", "ms", "t11"]
    assert lines[first + 12] == "... and 2 more: --json has them"


def test_who_wakes_whom(visualizer: Visualizer, trace: Path) -> None:
    done = visualizer("stats", str(trace), "--wakes")
    assert done.stdout.splitlines() == [
        "wakes  main  foo  bar",
        "---------------------",
        "main      -    1    1",
        "hub       -    1    1",
        "foo       1    -    -",
    ]


def test_a_matrix_of_many_columns_is_a_list() -> None:
    tape = Tape()
    for number in range(13):
        tape.spawn(f"t{number}", words.GREENLET).wake(f"t{number}", "main" if number else -1, words.SPAWN)
    lines = list(who_wakes_whom(details(tape.wake("t7", "main", words.CALLBACK).timeline()).wakes))
    assert lines[:3] == ["waker      wakes  times", "-----------------------", "main       t7         2"]
    assert lines[-1] == "(unknown)  t0         1"
    assert len(lines) == 15
    assert list(who_wakes_whom([])) == ["No track was woken."]


def test_of_many_waits_the_longest_are_printed() -> None:
    tape = Tape().spawn("a", words.GENERATOR)
    for number in range(12):
        tape.resume("a", line=7).yields("a", line=20 + number)
    lines = list(report(Figures(tape.timeline())))
    assert lines[-1] == "... and 3 more: --json has them"


def test_json(visualizer: Visualizer, trace: Path) -> None:
    done = visualizer("stats", "--json", str(trace))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == msgspec.to_builtins(details(sleeps().timeline()))


def test_a_trace_on_stdin(visualizer: Visualizer, trace: Path) -> None:
    with trace.open("rb") as stdin:
        assert visualizer("stats", "-", stdin=stdin).stdout == visualizer("stats", str(trace)).stdout


def test_the_table_is_aligned_by_what_a_terminal_shows() -> None:
    tape = Tape().spawn("a", words.GREENLET, "漢字の生産者").spawn("b", words.GREENLET, "\x1b[31mred\n")
    lines = list(report(Figures(tape.timeline())))
    rows = [line for line in lines if "greenlet" in line]
    assert "␛[31mred␊" in rows[1]
    assert len({wcswidth(row[: row.index("greenlet")]) for row in rows}) == 1
    assert all(line.isprintable() for line in lines)


def test_what_is_no_trace(visualizer: Visualizer, tmp_path: Path) -> None:
    (tmp_path / "x.trace").write_bytes(b"")
    done = visualizer("stats", "x.trace", "--json")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "visualizer: The trace 'x.trace' is empty.\n")


def test_where_tracks_were_seen_that_ran_on() -> None:
    tape = Tape().sample(7, 3).sample(9).spawn("gen", words.GENERATOR).resume("gen", line=3).sample(7, 4)
    lines = list(report(Figures(tape.timeline())))
    assert lines[-5:] == [
        "samples   %  track  in   at",
        "----------------------------------",
        "      4  50  gen    run  demo.py:7",
        "      3  38  main   run  demo.py:7",
        "      1  12  main   run  demo.py:9",
    ]
    many = Tape()
    for line in range(12):
        many.sample(line + 1)
    assert list(report(Figures(many.timeline())))[-1] == "... and 2 more: --json has them"


def test_of_very_many_tracks_those_that_ran_longest_have_rows() -> None:
    tape = Tape()
    for number in range(2_003):
        tape.spawn(f"idle{number}", words.GENERATOR)
    tape.at(10**7).resume("idle2002").at(2 * 10**7).yields("idle2002")
    lines = list(report(Figures(tape.timeline())))
    rows = [line for line in lines if line.startswith(("main", "idle"))]
    assert len(rows) == 4_000
    assert lines.count("... and 4 more that ran for less: --json has them") == 2
    assert rows[1999].startswith("idle2002 ")
    assert rows[1998].startswith("idle1997 ")
    assert next(line for line in lines if line.startswith("total")).split()[1] == "2004"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_fits_the_terminal(width: int) -> None:
    """Each column is there, each part with the names; long names are shortened in the middle."""
    tape = Tape()
    for number in range(1, 4):
        tape.spawn(f"a_worker_with_a_very_long_name_{'x' * 60}-{number}", words.GREENLET)
        tape.switch("main", f"a_worker_with_a_very_long_name_{'x' * 60}-{number}")
        tape.switch(f"a_worker_with_a_very_long_name_{'x' * 60}-{number}", "main")
    found = Figures(tape.timeline())
    lines = list(report(found, width))
    assert max(map(wcswidth, lines)) <= width
    heads = " ".join(lines).split()
    for head in ("kind", "running", "idle", "ready", "p95", "delay", "woken"):
        assert head in heads
    assert any(line.startswith("a_worker") and "…" in line and "-3 " in line for line in lines)
    assert max(map(wcswidth, report(found))) > 120, "in a pipe nothing is shortened"
