"""The codec: whatever was encoded comes back, and nothing but events comes out of arbitrary bytes."""

from __future__ import annotations

import json
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualizer.trace import events as ev
from visualizer.trace import words

KINDS: tuple[type[ev.Event], ...] = get_args(ev.Event)
#: UTF-8 has no lone surrogates; the writing side escapes them.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INTS = st.integers(-(2**61), 2**61)
OF_TYPE = {str: TEXT, ev.Int: INTS, ev.Since: st.integers(0, 2**61), ev.Id: st.integers(-3, 2**30 - 1)}
ANY_EVENT = st.one_of(
    [st.builds(kind, **{field.name: OF_TYPE[field.type] for field in msgspec.structs.fields(kind)}) for kind in KINDS]
)
ANY_HEADER = st.builds(
    ev.Header,
    format=st.just(words.FORMAT),
    version=st.just(words.VERSION),
    pid=INTS,
    python=TEXT,
    target=TEXT,
    argv=st.lists(TEXT, max_size=3),
    tracers=st.dictionaries(TEXT, TEXT, max_size=3),
)


def test_every_kind_of_event_is_tried() -> None:
    assert len(KINDS) == 47


@given(ANY_EVENT)
def test_an_event_comes_back_as_it_was(event: ev.Event) -> None:
    line = ev.encode(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert ev.decode_event(line) == event
    assert ev.decode_events(line + line) == [event, event]


@given(ANY_EVENT)
def test_a_line_is_an_array_that_begins_with_its_kind(event: ev.Event) -> None:
    kind, *fields = json.loads(ev.encode(event))
    assert kind == type(event).__name__.lower()
    assert fields == [getattr(event, field.name) for field in msgspec.structs.fields(event)]


@given(ANY_HEADER)
def test_a_header_comes_back_as_it_was(header: ev.Header) -> None:
    assert ev.decode_header(ev.encode(header)) == header
    assert ev.decode_opening(ev.encode(header)) == ev.Opening(words.FORMAT, words.VERSION)


@given(st.binary(max_size=60) | st.builds(lambda e, cut: ev.encode(e)[:cut], ANY_EVENT, st.integers(0, 40)))
def test_arbitrary_bytes_are_an_event_or_a_decode_error(line: bytes) -> None:
    try:
        event = ev.decode_event(line)
    except ev.DECODE_ERRORS:
        return
    assert isinstance(event, KINDS)


@pytest.mark.parametrize(
    "line",
    [
        b'["note",-1,"before time began"]',
        b'["held",1,-1]',
        b'["dropped",1,"rows",-1]',
        b'["note",1,"\xff"]',
        b'["note",1,"\\ud800"]',
        b'["note",1,"x",' + b"[" * 100_000,
        b'["note",99999999999999999999999,"x"]',
        b'["note",1.5,"x"]',
        b'["note",1]',
        b'["beam",1,"x"]',
        b"{}",
        b"",
    ],
)
def test_damaged_lines(line: bytes) -> None:
    with pytest.raises(ev.DECODE_ERRORS):
        ev.decode_event(line)


@pytest.mark.parametrize(
    "line", [b"[1]", b"{}", b'{"format":1}', b"\xff", b'{"format":"x","version":1,"y":' + b"[" * 100_000]
)
def test_damaged_headers(line: bytes) -> None:
    with pytest.raises(ev.DECODE_ERRORS):
        ev.decode_header(line)


def test_fields_of_a_later_minor_version_are_passed_over() -> None:
    assert ev.decode_event(b'["note",1,"x","",{"more":[1]}]') == ev.Note(1, "x")
    header = ev.decode_header(b'{"format":"visualizer-trace","version":1,"more":[1]}')
    assert (header.format, header.version) == (words.FORMAT, 1)


def test_optional_fields_may_be_left_out() -> None:
    assert ev.decode_event(b'["exit",1,2,"returned",-1]') == ev.Exit(1, 2, "returned", -1, -1)
    assert ev.decode_event(b'["output",1,"stdout","x"]') == ev.Output(1, "stdout", "x", 0)
    assert ev.decode_event(b'["place",0,1,2,30]') == ev.Place(0, 1, 2, 30, -1, -1, -1)
