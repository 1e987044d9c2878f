"""The switches as a numbered list of sentences, each with its line of source: to paste into an issue or a page."""

from __future__ import annotations

import ntpath
import re

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.all_sentences import AllSentences
from visualizer.analysis.text.durations import in_seconds
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.source_text import source_line
from visualizer.export.formats import Format
from visualizer.export.settings import Settings
from visualizer.paint.comparison.figures import facts

#: Nobody reads more of a list; what is left out is told.
_MOST = 2_000
#: All of CommonMark's punctuation that can begin something within a line (https://spec.commonmark.org/0.31.2/).
_MEANT = re.compile(r"[\\`*_{}\[\]<>|~&!$]")
#: What GitHub makes a link or a mention of: an account, an issue, an address.
_LINKED = re.compile(r"(?<=@)(?=\w)|(?<=#)(?=\d)|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)


def _escaped(text: str) -> str:
    return _LINKED.sub("<!-- -->", _MEANT.sub(r"\\\g<0>", plain(text)))


def _code(text: str) -> str:
    """A span of code, in which nothing has a meaning but as many backticks as stand around it."""
    around = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{around}{space}{text}{space}{around}"


def make(timeline: Timeline, settings: Settings) -> bytes:
    """The list. The numbers are those of the switches."""
    part = settings.part_of(timeline)
    title, *known = facts(part)
    stop = min(part.stop, part.first + _MOST)
    lines = [f"# {_escaped(settings.title or title)}", "", _escaped(" · ".join(known)), ""]
    sentences = AllSentences(timeline).said(part.first, stop) if stop > part.first else []
    for index, said in enumerate(sentences, part.first):
        switch = timeline.switch(index)
        number = f"{index + 1}. "
        lines.append(f"{number}{_code(in_seconds(switch.t_ns))} {_escaped(said)}")
        place = switch.place
        if place is not None and (written := source_line(timeline, place).strip()):
            where = f"{ntpath.basename(place.file)}:{place.line}"
            lines.append(f"{' ' * len(number)}<br>{_code(plain(where))} {_code(plain(written))}")
    if part.stop > stop:
        told = f"{part.stop - stop:,} more switches are left out"
        settings.tell(f"{told}: a list has {_MOST:,} at most.")
        lines += ["", f"… {told}."]
    return "\n".join([*lines, ""]).encode()


FORMAT = Format(".md", make, (), frozenset(("title",)))
