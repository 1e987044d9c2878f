"""Traces that are cut, damaged, growing, or none at all."""

from __future__ import annotations

import gzip
import io
import os
import tracemalloc
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import visualizer
from tests.reading import from_bytes, read_all
from tests.unit.trace.test_events import ANY_EVENT, ANY_HEADER
from visualizer.trace import events as ev
from visualizer.trace import source, words
from visualizer.trace.source import CHUNK_BYTES, Source, TraceError

HEADER = b'{"format":"visualizer-trace","version":1}\n'
NO_END = "The trace has no end: its program was killed or is still running."
CUT = "The last line is incomplete: the trace is shown up to there."
END = b'["end",9,0,0]\n'


def everything(content: bytes) -> tuple[list[ev.Event], list[str]]:
    """Events and notices of a trace, read as a whole."""
    read = from_bytes(content)
    events = [event for batch in read for event in batch]
    return events, read.notices


class Dribble(io.RawIOBase):
    """A file of which each read gives the next of some pieces."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = list(pieces)

    def read(self, size: int = -1, /) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


def cut_up(content: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted({min(cut, len(content)) for cut in cuts} | {len(content)})
    return [content[start:end] for start, end in zip([0, *ends], ends, strict=False) if end > start]


#: Of one process: the lines of several are put in order (test_merging.py).
TRACES = st.tuples(
    ANY_HEADER, st.lists(ANY_EVENT.filter(lambda event: not isinstance(event, ev.Fork | ev.Process)), max_size=8)
)


@given(TRACES, st.integers(0, 3000))
def test_any_prefix_opens_with_the_events_of_its_whole_lines(
    trace: tuple[ev.Header, list[ev.Event]], length: int
) -> None:
    header, events = trace
    lines = [ev.encode(event) for event in events]
    opening = ev.encode(header)
    content = (opening + b"".join(lines))[: len(opening) + length]
    whole = content[len(opening) :].count(b"\n")
    found, notices = everything(content)
    # A last line of which nothing but its newline is missing is whole.
    if found != events[:whole]:
        assert found == events[: whole + 1]
        assert content.endswith(b"]")
        whole += 1
    is_cut = content[len(opening) :] != b"".join(lines[:whole])[: len(content) - len(opening)]
    assert (CUT in notices) == is_cut
    assert (NO_END in notices) == (not any(isinstance(event, ev.End) for event in found))


@given(TRACES, st.lists(st.integers(0, 2000), max_size=10))
def test_where_the_chunks_end_does_not_matter(trace: tuple[ev.Header, list[ev.Event]], cuts: list[int]) -> None:
    header, events = trace
    content = ev.encode(header) + b"".join(map(ev.encode, events))
    source = Source(Dribble(cut_up(content, cuts)), "trace")  # type: ignore[arg-type]
    assert [event for batch in source for event in batch] == events
    assert source.header == header
    assert source.consumed == len(content)
    assert source.ended == any(isinstance(event, ev.End) for event in events)


@given(st.binary(max_size=300), st.booleans())
def test_arbitrary_bytes_are_a_trace_or_a_trace_error(content: bytes, with_header: bool) -> None:
    try:
        events, notices = everything(HEADER * with_header + content)
    except TraceError:
        assert not with_header
        return
    assert all(isinstance(event, ev.Event) for event in events)
    assert NO_END in notices or any(isinstance(event, ev.End) for event in events)


@given(
    st.lists(st.sampled_from([b'["note",1,"x"]', b'["beam",1]', b"\xff\xfe", b'["note",1', b"[" * 9000]), max_size=9)
)
def test_what_cannot_be_read_is_counted_and_the_rest_is_kept(lines: list[bytes]) -> None:
    bad = sum(line != b'["note",1,"x"]' for line in lines)
    events, notices = everything(HEADER + b"".join(line + b"\n" for line in lines) + END)
    assert [event for event in events if not isinstance(event, ev.Dropped)] == [ev.Note(1, "x")] * (
        len(lines) - bad
    ) + [ev.End(9, 0, 0)]
    dropped = [event for event in events if isinstance(event, ev.Dropped)]
    assert dropped == ([ev.Dropped(-1, "unreadable lines", bad)] if bad else [])
    said = {0: [], 1: ["Left out because unreadable: 1 line."]}
    assert notices == said.get(bad, [f"Left out because unreadable: {bad} lines."])


def test_a_whole_trace_has_no_notices() -> None:
    assert everything(HEADER + b'["note",1,"x"]\n' + END) == ([ev.Note(1, "x"), ev.End(9, 0, 0)], [])


def test_a_last_line_that_lacks_nothing_but_its_newline_counts() -> None:
    assert everything(HEADER + END[:-1]) == ([ev.End(9, 0, 0)], [])


def test_a_header_and_nothing_more() -> None:
    assert everything(HEADER) == ([], [NO_END])
    assert everything(HEADER[:-1]) == ([], [NO_END])


def test_a_trace_that_grows(tmp_path: Path) -> None:
    path = tmp_path / "a.trace"
    path.write_bytes(b"")
    with Source.open(path) as source:
        assert (source.read(), source.header) == ([], None)
        with path.open("ab", buffering=0) as writer:
            writer.write(HEADER[:10])
            assert source.read() == []
            writer.write(HEADER[10:] + b'["note",1,"x"]\n["no')
            assert source.read() == [ev.Note(1, "x")]
            assert source.read() == []
            writer.write(b'te",2,"y"]\n')
            assert source.read() == [ev.Note(2, "y")]
            assert not source.ended
            writer.write(END)
            assert source.read() == [ev.End(9, 0, 0)]
            assert source.ended
        assert source.finish() == []
        assert source.notices == []
        assert source.name == "a.trace"


def test_a_trace_of_more_than_one_chunk(tmp_path: Path) -> None:
    path = tmp_path / "long.trace"
    note = b'["note",1,"' + b"x" * 1000 + b'"]\n'
    count = 2 * CHUNK_BYTES // len(note)
    path.write_bytes(HEADER + note * count + END)
    header, events, notices = read_all(path)
    assert (header.version, len(events), notices) == (1, count + 1, [])


def test_nothing_is_lost_however_long_a_read_takes() -> None:
    """What several processes wrote is held until it is old enough, which may be when the end of the file is read."""
    lines = [
        ev.Spawn(0, 0, words.THREAD, -1, -1, -1, -1), ev.Fork(1), ev.Note(2, "of the parent"), ev.Note(9, "of it, too"),
    ]
    content = HEADER + b"".join(map(ev.encode, lines))
    seconds = count(step=1_000_000_000)
    with Source(io.BytesIO(content), "trace", clock=lambda: next(seconds)) as source:
        told = [event for batch in source for event in batch]
    assert [event.text for event in told if isinstance(event, ev.Note)] == ["of the parent", "of it, too"]


def error_of(open_it: Callable[[], object]) -> str:
    with pytest.raises(TraceError) as caught:
        open_it()
    return str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"\n",
        b"print('hello')\n",
        b"\x7fELF\x02\x01",
        b'{"format":"speedscope","version":1}\n',
        b'{"format":"visualizer-trace"}\n',
        b'{"format":"visualizer-trace","version":1,"pid":"x"}\n',
        HEADER[:20],
        b"x" * (CHUNK_BYTES + 9),
        b"x" * (2 * CHUNK_BYTES),
    ],
)
def test_what_is_no_trace(content: bytes) -> None:
    sentence = "'trace' is not a trace: its first line is not a visualizer header."
    assert error_of(lambda: everything(content)) == sentence


def test_an_endless_first_line_is_not_read_to_its_end() -> None:
    source = from_bytes(b"x" * (3 * CHUNK_BYTES))
    assert source.read() == []
    assert "is not a trace" in error_of(source.read)
    assert source.consumed == 2 * CHUNK_BYTES


def test_nothing_at_all() -> None:
    assert error_of(lambda: everything(b"")) == "The trace 'trace' is empty."


def test_a_version_of_which_nothing_else_is_known() -> None:
    sentence = "The trace 'trace' is of version 7; this visualizer reads versions 1 and 2."
    assert error_of(lambda: everything(b'{"format":"visualizer-trace","version":7,"pid":"x"}\n[]\n')) == sentence


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert (
        error_of(lambda: Source.open(missing)) == f"Cannot open the trace {str(missing)!r}: no such file or directory."
    )
    assert error_of(lambda: Source.open(tmp_path)) == f"Cannot open the trace {str(tmp_path)!r}: is a directory."
    assert error_of(lambda: Source.open("a\0b")) == "Cannot open the trace 'a\\x00b': embedded null byte."


def test_a_file_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    # Not by chmod: root may read everything.
    monkeypatch.setattr("builtins.open", refuse)
    assert error_of(lambda: Source.open("secret")) == "Cannot open the trace 'secret': permission denied."


def test_a_file_that_fails_while_it_is_read() -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    source = Source(Broken(), "trace")  # type: ignore[arg-type]
    assert error_of(source.read) == "Cannot read the trace 'trace': input/output error."


def test_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "a.trace"
    path.write_bytes(HEADER + END)
    saved = os.dup(0)
    given = os.open(path, os.O_RDONLY)
    try:
        os.dup2(given, 0)
        _, events, notices = read_all("-")
    finally:
        os.dup2(saved, 0)
        os.close(saved)
        os.close(given)
    assert (events, notices) == ([ev.End(9, 0, 0)], [])


def test_a_line_that_nobody_writes_is_left_out_before_it_takes_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "LONGEST_LINE", 2 * CHUNK_BYTES)
    long = b'["text",1,"' + b"x" * (20 * CHUNK_BYTES) + b'"]\n'
    read = from_bytes(HEADER + long + b'["note",1,"x"]\n' + long + END)
    tracemalloc.start()
    try:
        found = [event for batch in read for event in batch]
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == [ev.Note(1, "x"), ev.End(9, 0, 0)]
    assert read.notices == [f"Left out because longer than {2 * CHUNK_BYTES >> 20} MiB: 2 lines."]
    assert most < 10 * CHUNK_BYTES


@pytest.mark.parametrize("is_child", [True, False])
def test_a_child_that_was_taken_for_over_and_writes_once_more_is_no_damage(tmp_path: Path, is_child: bool) -> None:
    killed = ev.Exit(20, 1, words.KILLED, -1)
    lines: list[ev.Event] = [ev.Spawn(0, 0, words.THREAD, 0, -1, -1, -1)]
    if is_child:
        lines += [ev.Fork(10), ev.Process(10, 1, 3, 2, 0), ev.Thread(20, 0), killed]
    # All that was before has been given out by the time that the last one is read.
    lines += [ev.Note(5_000_000_000 + number, 1000 * "x") for number in range(2 * CHUNK_BYTES // 1000)]
    lines += [ev.Thread(30, int(is_child)), ev.Wake(30, 0, 0, words.UNKNOWN), ev.End(6_000_000_000, 0, 0)]
    path = tmp_path / "x.trace"
    path.write_bytes(b"".join(map(ev.encode, [ev.Header(words.FORMAT, words.VERSION), *lines])))
    [notice] = [notice for notice in visualizer.load(path).notices if "line" in notice]
    assert ("the trace is damaged" in notice) == (not is_child)
    assert ("by one of several processes" in notice) == is_child


def test_a_sample_that_is_written_long_afterwards_is_no_damage(tmp_path: Path) -> None:
    lines = [
        ev.Spawn(0, 0, words.THREAD, 0, -1, -1, -1), ev.Sample(3_000_000_000, 0, -1), ev.Idle(1_000, 0, 1),
        ev.Wake(2_000, 0, 0, words.UNKNOWN), ev.Sample(500, 0, -1), ev.End(4_000_000_000, 0, 0),
    ]  # fmt: skip
    path = tmp_path / "x.trace"
    path.write_bytes(b"".join(map(ev.encode, [ev.Header(words.FORMAT, words.VERSION), *lines])))
    assert visualizer.load(path).notices == ()


def test_what_gzip_has_packed_opens_also_where_it_is_cut(tmp_path: Path) -> None:
    lines = [HEADER, *(b'["text",%d,"%d"]\n' % (number, number * number) for number in range(5_000)), END]
    packed = gzip.compress(b"".join(lines))
    for content, notices in ((packed, []), (packed[: len(packed) // 2], [CUT, NO_END])):
        path = tmp_path / "a.trace.gz"
        path.write_bytes(content)
        _, events, found = read_all(path)
        assert found == notices
        assert events == everything(b"".join(lines[: len(events) + 1]))[0]
        assert len(events) > 1_000
