"""A table as Parquet, which pandas, polars, DuckDB and Spark read: one row group, of each column a page with gzip.

The format: https://parquet.apache.org/docs/file-format/. Its metadata is Thrift's compact protocol, and the numbers of
the fields are those of parquet-format/src/main/thrift/parquet.thrift.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from itertools import repeat
from operator import is_not
from struct import pack
from types import NoneType
from typing import Any

import numpy as np

from visualizer.analysis.model.timeline import Timeline
from visualizer.export.formats import Format
from visualizer.export.settings import Settings
from visualizer.export.tables import Table, table
from visualizer.trace.varint import varint

_MAGIC = b"PAR1"
#: Of parquet.thrift: types of a column, encodings, the codec, the repetition "optional", and the converted type UTF8.
_INT64, _DOUBLE, _BYTES = 2, 5, 6
_PLAIN, _RLE = 0, 3
_GZIP, _OPTIONAL, _UTF8 = 2, 1, 0
#: Thrift's types of a field.
_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12


def _zigzag(number: int) -> bytes:
    return varint(number << 1)


class _Struct:
    """A struct of Thrift's compact protocol. Fields are added in the order of their numbers."""

    def __init__(self) -> None:
        self._made = bytearray()
        self._last = 0

    def _field(self, number: int, kind: int, content: bytes) -> _Struct:
        self._made.append(number - self._last << 4 | kind)
        self._last = number
        self._made += content
        return self

    def i32(self, number: int, value: int) -> _Struct:
        return self._field(number, _I32, _zigzag(value))

    def i64(self, number: int, value: int) -> _Struct:
        return self._field(number, _I64, _zigzag(value))

    def text(self, number: int, value: str) -> _Struct:
        return self._field(number, _BINARY, _of_text(value))

    def struct(self, number: int, value: _Struct) -> _Struct:
        return self._field(number, _STRUCT, bytes(value))

    def list(self, number: int, kind: int, values: Sequence[bytes]) -> _Struct:
        count = len(values)
        head = bytes((count << 4 | kind,)) if count < 15 else bytes((0xF0 | kind,)) + varint(count)
        return self._field(number, _LIST, head + b"".join(values))

    def __bytes__(self) -> bytes:
        return bytes(self._made) + b"\0"


def _of_text(text: str) -> bytes:
    content = text.encode(errors="replace")
    return varint(len(content)) + content


def make(timeline: Timeline, settings: Settings) -> bytes:
    """The table. Every column may have rows without a value."""
    return _written(table(timeline, settings))


def _written(columns: Table) -> bytes:
    rows = len(next(iter(columns.values()), []))
    made = bytearray(_MAGIC)
    schema, chunks, size = [bytes(_Struct().text(4, "schema").i32(5, len(columns)))], [], 0
    for name, values in columns.items():
        kind, content = _column(values)
        plain = _levels(values) + content
        page = gzip.compress(plain, 6, mtime=0)
        of_data = _Struct().i32(1, rows).i32(2, _PLAIN).i32(3, _RLE).i32(4, _RLE)
        head = bytes(_Struct().i32(1, 0).i32(2, len(plain)).i32(3, len(page)).struct(5, of_data))
        about = _Struct().i32(1, kind).list(2, _I32, [_zigzag(_PLAIN), _zigzag(_RLE)])
        about.list(3, _BINARY, [_of_text(name)]).i32(4, _GZIP).i64(5, rows).i64(6, len(head) + len(plain))
        about.i64(7, len(head) + len(page)).i64(9, len(made))
        chunks.append(bytes(_Struct().i64(2, len(made)).struct(3, about)))
        made += head + page
        size += len(head) + len(page)
        element = _Struct().i32(1, kind).i32(3, _OPTIONAL).text(4, name)
        schema.append(bytes(element.i32(6, _UTF8) if kind == _BYTES else element))
    group = _Struct().list(1, _STRUCT, chunks).i64(2, size).i64(3, rows)
    foot = bytes(
        _Struct().i32(1, 1).list(2, _STRUCT, schema).i64(3, rows).list(4, _STRUCT, [bytes(group)]).text(6, "visualizer")
    )
    return bytes(made + foot + pack("<I", len(foot)) + _MAGIC)


def _column(values: list[Any]) -> tuple[int, bytes]:
    """The type of a column and its values, without those that are None."""
    kinds = {*map(type, values)}
    known = values
    if NoneType in kinds:
        kinds.remove(NoneType)
        known = [value for value in values if value is not None]
    if kinds <= {int, bool} and kinds:
        return _INT64, np.array(known, dtype="<i8").tobytes()
    if kinds <= {int, float, bool} and kinds:
        return _DOUBLE, np.array(known, dtype="<f8").tobytes()
    # Most texts stand in many rows.
    encoded = {value: _of_bytes(str(value).encode(errors="replace")) for value in set(known)}
    return _BYTES, b"".join(map(encoded.__getitem__, known))


def _of_bytes(content: bytes) -> bytes:
    return pack("<I", len(content)) + content


def _levels(values: list[Any]) -> bytes:
    """Which rows have a value, as one run of packed bits."""
    has_value = np.fromiter(map(is_not, values, repeat(None)), dtype=bool, count=len(values))
    bits = np.packbits(has_value, bitorder="little").tobytes()
    body = varint(len(bits) << 1 | 1) + bits
    return pack("<I", len(body)) + body


FORMAT = Format(".parquet", make, (), frozenset(("table",)))
