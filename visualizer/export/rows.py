"""Which rows a picture has."""

from __future__ import annotations

from collections.abc import Iterable

from visualizer.analysis.report.comparison import Part
from visualizer.export.settings import Settings
from visualizer.paint.rows.grouping import GROUPINGS
from visualizer.paint.rows.order import Row, RowList, Wish, fitting, row_name

#: So many are named to whoever asks for one that is not there.
_NAMED = 12


def wanted_rows(part: Part, settings: Settings, room: int, eyeful: int = 0) -> tuple[list[Row], int]:
    """The rows that are wanted of the part, at most `room`, and how many tracks have none of them.

    Without named ones those that live in the part have one; where those are more than an `eyeful`, if that is less
    than there is room for, tracks of a kind share one, as on the screen.
    Raise ValueError, with a sentence, if one is not there.
    """
    timeline, known = part.timeline, RowList(part.timeline)
    if not settings.rows:
        found = fitting(known, part.lives, eyeful or room)
        return found[:room], sum(len(row.members) or 1 for row in found[room:])
    by_name: dict[str, list[Row]] = {}
    every = known.arrange()
    for row in every:
        by_name.setdefault(row_name(timeline, row), []).append(row)
    for grouping in GROUPINGS.values():
        for row in grouping(timeline, known, Wish(folded=None)):
            if row.group is not None:
                by_name.setdefault(row_name(timeline, row), [row])
    for name in settings.rows:
        if name not in by_name and (serving := [row for row in every if name in timeline.all_names(row.track)]):
            by_name[name] = serving
        if name not in by_name:
            more = f" and {len(by_name) - _NAMED} more" if len(by_name) > _NAMED else ""
            raise ValueError(f"There is no row {name!r}; there are {', '.join([*by_name][:_NAMED])}{more}.")
    named = [row for name in dict.fromkeys(settings.rows) for row in by_name[name]]
    return named[:room], sum(len(row.members) or 1 for row in named[room:])


def marked(named: Iterable[str], settings: Settings) -> str:
    """The name of the row that is to be marked. Raise ValueError, with a sentence, if it is not among those named."""
    if settings.selected and settings.selected not in named:
        raise ValueError(f"There is no row {settings.selected!r} in the picture to be marked")
    return settings.selected
