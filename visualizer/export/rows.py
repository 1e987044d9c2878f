"""Which rows a picture has."""

from __future__ import annotations

from visualizer.analysis.report.comparison import Part
from visualizer.export.settings import Settings
from visualizer.paint.rows.grouping import GROUPINGS
from visualizer.paint.rows.order import Row, RowList, Wish, row_name

#: A picture of more tracks could not be looked at; the others are counted.
ROWS = 200
#: So many are named to whoever asks for one that is not there.
_NAMED = 12


def wanted_rows(part: Part, settings: Settings) -> list[Row]:
    """The rows that are wanted of the part, at most ROWS. Raise ValueError, with a sentence, if one is not there."""
    timeline, known = part.timeline, RowList(part.timeline)
    every = known.arrange(Wish(only=part.lives))
    if not settings.rows:
        return every[:ROWS]
    by_name: dict[str, list[Row]] = {}
    for row in every:
        by_name.setdefault(row_name(timeline, row), []).append(row)
    for grouping in GROUPINGS.values():
        for row in grouping(timeline, known, Wish(folded=None, only=part.lives)):
            if row.group is not None:
                by_name.setdefault(row_name(timeline, row), [row])
    for name in settings.rows:
        if name not in by_name and (serving := [row for row in every if name in timeline.all_names(row.track)]):
            by_name[name] = serving
        if name not in by_name:
            more = f" and {len(by_name) - _NAMED} more" if len(by_name) > _NAMED else ""
            raise ValueError(f"There is no row {name!r}; there are {', '.join([*by_name][:_NAMED])}{more}.")
    return [row for name in dict.fromkeys(settings.rows) for row in by_name[name]][:ROWS]
