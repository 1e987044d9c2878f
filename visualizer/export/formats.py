"""What makes a file of a format, and what of the wishes the format can honour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from visualizer.analysis.model.timeline import Timeline
from visualizer.export.settings import OPTIONS, Settings, View

Exporter = Callable[[Timeline, Settings], bytes]

#: What each view knows of the wishes that are about what is shown; a format knows the others, about how, or does not.
_OF_VIEW = {
    View.TIMELINE: frozenset(("axes", "rows", "selected", "at_ns", "marks")),
    View.SEQUENCE: frozenset(("rows", "selected", "at_ns", "marks")),
    View.TREE: frozenset(("selected", "at_ns")),
    View.WAITS: frozenset(("at_ns",)),
    View.PROBLEMS: frozenset[str](),
    View.COMPARISON: frozenset(("axes", "rows", "selected")),
}
_ABOUT_WHAT = frozenset().union(*_OF_VIEW.values())


@dataclass(frozen=True)
class Format:
    """`suffix`: of its files. `make` makes the content of one. `views`: those it knows, the first by default; none if
    it has the events themselves, or what is in all views. `options`: those of OPTIONS that it honours, by the names of
    their fields, beside `view`."""

    suffix: str
    make: Exporter
    views: tuple[View, ...] = (View.TIMELINE,)
    options: frozenset[str] = frozenset(("axes", "rows", "selected", "theme", "width"))

    def __call__(self, timeline: Timeline, settings: Settings) -> bytes:
        """The content of a file.

        Raise ValueError, with one sentence, for a wish that it, or the view, cannot honour, and ImportError, with one
        sentence, where a library is missing that it needs.
        """
        view = self.view_of(settings)
        if view is not None and view not in self.views:
            known = ", ".join(known.value for known in self.views) or "no views, but all events"
            raise ValueError(f"A {self.suffix} file cannot show the view {view.value!r}; it has {known}")
        if view is View.COMPARISON and settings.other is None:
            raise ValueError("The view 'comparison' shows two traces: `visualizer export A B -o OUT`")
        if settings.other is not None and view is not View.COMPARISON:
            raise ValueError(f"Only one trace can be shown as {view.value if view is not None else self.suffix}")
        for wish in settings.wished():
            if wish == "view":
                continue
            if wish not in self.options:
                raise ValueError(f"{OPTIONS[wish]} has no effect on a {self.suffix} file")
            if view is not None and not self.honours(wish, view):
                raise ValueError(f"{OPTIONS[wish]} has no effect on the view {view.value!r}")
        return self.make(timeline, replace(settings, view=view))

    def view_of(self, settings: Settings) -> View | None:
        """The view that is shown where these are the settings."""
        return settings.view or (View.COMPARISON if settings.other is not None else next(iter(self.views), None))

    def honours(self, wish: str, view: View | None) -> bool:
        """Whether that wish says something about a file that shows this view."""
        return wish in self.options and (view is None or wish not in _ABOUT_WHAT - _OF_VIEW[view])
