"""What `visualizer events` prints."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.unit.analysis.tape import FILE, Tape, ping_pong, producer_consumer, sleeps
from visualizer.analysis.report.jsonl import json_lines, records
from visualizer.analysis.text.printable import printable_json
from visualizer.trace import events as ev
from visualizer.trace import words

NO_PLACE = {"file": None, "line": None, "end_line": None, "column": None, "end_column": None}


def place(line: int) -> dict[str, Any]:
    return {"file": FILE, "line": line, "end_line": line, "column": 4, "end_column": 12}


def made(tape: Tape) -> list[dict[str, Any]]:
    return list(records(tape.timeline()))


def test_every_record_of_a_generator() -> None:
    assert made(producer_consumer())[:6] == [
        {
            "t": 0.0, "event": "spawn", "track": 0, "kind": "thread", "name": "main", "parent": None, "creator": None,
            **NO_PLACE, "inferred": None,
        },
        {
            "t": 1e-06, "event": "spawn", "track": 1, "kind": "generator", "name": "consumer", "parent": None,
            "creator": 0, **place(20), "inferred": None,
        },
        {
            "t": 2e-06, "event": "wait", "track": 0, "name": "main", "reason": "resumed", "on": "consumer",
            "on_track": 1, "object": None, "seconds": None, **place(10), "innermost": None,
        },
        {
            "t": 2e-06, "event": "switch", "number": 1, "index": 0, "from": 0, "to": 1, "from_name": "main",
            "to_name": "consumer",
            "cause": "next", "value": None, **place(10),
        },
        {
            "t": 3e-06, "event": "wait", "track": 1, "name": "consumer", "reason": "suspended", "on": None,
            "on_track": None, "object": None, "seconds": None, **place(3), "innermost": None,
        },
        {
            "t": 3e-06, "event": "switch", "number": 2, "index": 1, "from": 1, "to": 0, "from_name": "consumer",
            "to_name": "main",
            "cause": "yield", "value": "''", **place(3),
        },
    ]
    assert made(producer_consumer())[-2:] == [
        {
            "t": 9e-06, "event": "exit", "track": 1, "name": "consumer", "outcome": "closed", "value": None,
            "inferred": None,
        },
        {
            "t": 9e-06, "event": "switch", "number": 8, "index": 7, "from": 1, "to": 0, "from_name": "consumer",
            "to_name": "main",
            "cause": "close", "value": None, **NO_PLACE,
        },
    ]


def test_the_order_of_what_happens_at_once() -> None:
    told = [
        (r["event"], r.get("name", r.get("to_name")), r.get("reason", r.get("cause", r.get("outcome"))))
        for r in made(sleeps())
    ]
    assert told == [
        ("spawn", "main", None),
        ("spawn", "hub", None),
        ("spawn", "foo", None),
        ("wake", "foo", "spawn"),
        ("spawn", "bar", None),
        ("wake", "bar", "spawn"),
        ("wait", "main", "join"),
        ("switch", "hub", "switch"),
        ("switch", "foo", "switch"),
        ("wait", "foo", "sleep"),
        ("switch", "hub", "switch"),
        ("switch", "bar", "switch"),
        ("wait", "bar", "sleep"),
        ("switch", "hub", "switch"),
        ("wake", "bar", "timer"),
        ("switch", "bar", "switch"),
        ("exit", "bar", "returned"),
        ("switch", "hub", "switch"),
        ("wake", "foo", "timer"),
        ("switch", "foo", "switch"),
        ("exit", "foo", "returned"),
        ("switch", "hub", "switch"),
        ("wake", "main", "finished"),
        ("switch", "main", "switch"),
        ("exit", "main", "returned"),
        ("end", None, None),
    ]


def test_a_sleep_says_what_was_asked_for_and_who_woke() -> None:
    tape = sleeps()
    found = made(tape)
    asked = [(r["name"], r["on"], r["seconds"], r["line"]) for r in found if r.get("reason") == "sleep"]
    assert asked == [("foo", "2 s", 2.0, 18), ("bar", "0 s", 0.0, 24)]
    wakes = [(r["track"], r["waker"], r["waker_name"]) for r in found if r.get("cause") == "timer"]
    assert wakes == [(3, 1, "hub"), (2, 1, "hub")]


def test_a_raw_greenlet_waits_for_whom_it_switched_to() -> None:
    waits = [(r["name"], r["reason"], r["on"], r["on_track"]) for r in made(ping_pong()) if r["event"] == "wait"]
    assert waits == [
        ("main", "switched", "test1", 1),
        ("test1", "switched", "test2", 2),
        ("test2", "switched", "test1", 1),
        ("test1", "switched", "test2", 2),
    ]
    assert not [r for r in made(ping_pong()) if r["event"] == "exit" and r["name"] == "test1"]


def test_what_was_printed_and_what_the_trace_says_of_itself() -> None:
    tape = Tape().prints("hello\n")
    tape.events += [
        ev.Note(2_000, "The program forked."),
        ev.Held(2_000, 500_000_000),
        ev.Continued(2_000, 750_000_000),
        ev.Dropped(3_000, "events", 2),
        ev.Uncaught(4_000, "ValueError", "x"),
        ev.End(5_000, -1, 9),
    ]
    assert made(tape)[1:] == [
        {"t": 1e-06, "event": "output", "track": 0, "name": "main", "stream": "stdout", "text": "hello\n", "cut": 0},
        {"t": 2e-06, "event": "note", "text": "The program forked."},
        {"t": 2e-06, "event": "held", "held_s": 0.5},
        {"t": 2e-06, "event": "continued", "held_s": 0.75},
        {"t": 3e-06, "event": "dropped", "what": "events", "count": 2},
        {
            "t": 4e-06, "event": "uncaught", "exception": "ValueError", "message": "x",
            "file": None, "line": None, "end_line": None, "column": None, "end_column": None,
        },
        {"t": 5e-06, "event": "end", "code": None, "signal": 9},
    ]
    assert made(Tape().end(3))[-1] == {"t": 1e-06, "event": "end", "code": 3, "signal": None}


def test_what_is_not_known_is_null() -> None:
    tape = Tape().spawn("a", words.GREENLET).wake("a", words.NOBODY, words.UNKNOWN)
    wake = made(tape)[-1]
    assert (wake["waker"], wake["waker_name"]) == (None, None)


def test_a_range_the_compiler_left_out_is_null() -> None:
    tape = Tape()
    tape.events += [ev.Place(9, tape.text(FILE), tape.text("f"), 7), ev.Spawn(1, 5, "generator", 0, -1, -1, 9)]
    found = made(tape)[-1]
    assert (found["line"], found["end_line"], found["column"], found["end_column"]) == (7, None, None, None)


def test_records_are_json() -> None:
    for record in made(sleeps()):
        assert msgspec.json.decode(msgspec.json.encode(record)) == record


def chains() -> Tape:
    """Of `a`, `b` and `c`; now and then `d` resumes `c`, and `c` goes on at another line."""
    tape = Tape()
    for key in "abcd":
        tape.spawn(key, words.GENERATOR)
    for number in range(4):
        tape.resume("a", line=1).resume("b", line=2).resume("c", line=3)
        tape.yields("c", str(number), line=10 + number).yields("b", "one", line=3).yields("a", line=2)
        tape.resume("d", line=7).resume("c", line=8).yields("c", line=20 + number).yields("d", "one", line=8)
    return tape


def test_lines_are_the_records() -> None:
    """Also where records are alike, where all of them are, and where only one is."""
    odd = "é\x9b\u2028\ud7ff\x7f\n"
    for tape in (chains(), producer_consumer(), sleeps(), producer_consumer().serves("consumer", odd).prints(odd)):
        timeline = tape.timeline()
        lines = b"".join(json_lines(timeline)).decode()
        assert all(line.isprintable() for line in lines.split("\n"))
        assert lines == "".join(f"{printable_json(msgspec.json.encode(one)).decode()}\n" for one in records(timeline))


def test_the_inner_ends_of_chains() -> None:
    timeline = chains().timeline()
    waits = [record for record in records(timeline) if record["event"] == "wait"]
    assert {record["innermost"]["line"] for record in waits if record["innermost"]} == {*range(10, 14), *range(20, 24)}
    for suspension, record in zip(timeline.suspensions, waits, strict=True):
        end, said = timeline.innermost(suspension), record["innermost"]
        if end is suspension:
            assert said is None
        else:
            assert end.place is not None
            assert (said["track"], said["name"], said["line"]) == (end.track, timeline.name(end.track), end.place.line)
