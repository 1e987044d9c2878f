"""A table as comma-separated values (RFC 4180), with a line of names."""

from __future__ import annotations

import csv
import io
from functools import cache

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.printable import plain
from visualizer.export.formats import Format
from visualizer.export.settings import Settings
from visualizer.export.tables import table

#: A spreadsheet takes text that begins so for a formula (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@")


def make(timeline: Timeline, settings: Settings) -> bytes:
    """The table. Text is printable, and in front of what a spreadsheet would calculate stands an apostrophe."""
    columns = table(timeline, settings)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    # Most texts stand in many rows.
    cell = cache(_cell)
    writer.writerows(
        zip(*([cell(one) if type(one) is str else one for one in column] for column in columns.values()), strict=True)
    )
    return out.getvalue().encode()


def _cell(value: str) -> str:
    text = plain(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


FORMAT = Format(".csv", make, (), frozenset(("table",)))
