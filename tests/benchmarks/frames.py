"""What a frame of the timeline costs, at 200x50: model and paint alone, and a whole repaint.

Traces of all sizes take turns at each frame, so that what grows with them is compared under the same weather.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from visualizer.analysis.model.timeline import Timeline
from visualizer.paint.axis.ruler import overview, ruler
from visualizer.paint.axis.viewport import CLOSEST, Axis, Viewport
from visualizer.paint.rows.order import label_runs
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.timeline import TimelineScreen
from visualizer.tui.state.view import View

SIZE = (200, 50)
#: At that size, cells of a row, and rows, that the screen has room for.
CELLS, ROWS = 168, 19
#: Frames that are painted of each, the first of them apart; and every which of them is repainted, too.
FRAMES = 61
REPAINTED = 3

HEAD = (
    "| trace | rows | axis | zoom | events | paint, median | p95 | CPU, median | growth | first | repaint | p95 |",
    "|---|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|",
)


@dataclass
class Spent:
    """Nanoseconds of each frame: those of the first, which works out what is kept, apart."""

    events: int
    rows: str
    painted: list[int] = field(default_factory=list)
    cpu: list[int] = field(default_factory=list)
    repainted: list[int] = field(default_factory=list)


@dataclass
class Most:
    """The largest growth and the largest median so far, and of what."""

    growth: tuple[float, str] = 0.0, ""
    cpu_growth: tuple[float, str] = 0.0, ""
    median: tuple[float, str] = 0.0, ""
    cpu_median: tuple[float, str] = 0.0, ""

    def __str__(self) -> str:
        return (
            f"Model and paint grow from the fewest events to the most by at most {self.growth[0]:.2f} "
            f"({self.growth[1]}), by CPU time {self.cpu_growth[0]:.2f} ({self.cpu_growth[1]}).\n"
            f"The largest median is {self.median[0]:.1f} ms ({self.median[1]}), "
            f"by CPU time {self.cpu_median[0]:.1f} ms ({self.cpu_median[1]})."
        )


def viewports(timeline: Timeline, axis: Axis) -> Iterator[tuple[str, Viewport]]:
    fitted = Viewport.fit(timeline, axis, CELLS)
    closest = fitted.per_cell / CLOSEST[axis]
    yield "fit", fitted
    yield "middle", fitted.zoomed(max(1.0, closest**0.5), CELLS // 2, timeline)
    yield "closest", fitted.zoomed(max(1.0, closest), CELLS // 2, timeline)


def another(viewport: Viewport, number: int, timeline: Timeline, fits: bool) -> Viewport:
    """Another part for each number, so that nothing is found painted; where all is in sight, on another scale."""
    if fits:
        return replace(viewport, per_cell=viewport.per_cell * (1 + number / 4096))
    return viewport.panned(number - FRAMES // 2, timeline)


def paint(view: View) -> None:
    """What the upper half of the screen shows, but for the terminal's escapes."""
    timeline, viewport = view.timeline, view.viewport
    ruler(timeline, viewport)
    overview(timeline, viewport, CELLS)
    rows = view.rows[:ROWS]
    for row in rows:
        label_runs(timeline, row, view.label_cells)
    view.painted(rows)


async def frames(kind: str, traces: Sequence[tuple[int, Path]], most: Most) -> list[str]:
    """The lines of the table for traces of a kind: how many events each was to have, and where it is."""
    lines: list[str] = []
    # As the app does when it is run.
    gc.collect()
    gc.freeze()
    async with AsyncExitStack() as stack:
        apps: list[tuple[int, VisualizerApp, TimelineScreen]] = []
        for events, path in traces:
            app = VisualizerApp(open_path=path)
            pilot = await stack.enter_async_context(app.run_test(size=SIZE))
            screen = app.screen
            assert isinstance(screen, TimelineScreen)
            while screen.feed.live:
                await pilot.pause(0.05)
            await pilot.pause(0.05)
            screen.stop()
            screen.view.fitted = False
            apps.append((events, app, screen))
        for folded in (True, False):
            if not folded:
                for _, _, timeline in apps:
                    timeline.view.fold_all()
            for axis in Axis:
                zooms = [dict(viewports(timeline.view.timeline, axis)) for _, _, timeline in apps]
                for zoom in zooms[0]:
                    spent = measured(apps, [of[zoom] for of in zooms], zoom == "fit")
                    of = f"{kind}, {'folded' if folded else 'unfolded'}, {axis.name.lower()}, {zoom}"
                    note(most, spent, of)
                    lines += [told(of, line, spent[0]) for line in spent]
    return lines


def measured(
    apps: Sequence[tuple[int, VisualizerApp, TimelineScreen]], zooms: Sequence[Viewport], fits: bool
) -> list[Spent]:
    spent = [
        Spent(events, f"{min(ROWS, len(screen.view.rows))} of {len(screen.view.rows)}") for events, _, screen in apps
    ]
    for number in range(FRAMES):
        for (_, app, screen), viewport, of in zip(apps, zooms, spent, strict=True):
            view = screen.view
            with app._context():
                view.viewport = another(viewport, number, view.timeline, fits)
                cpu_ns = time.process_time_ns()
                of.painted.append(timed_ns(lambda view=view: paint(view)))  # type: ignore[misc]
                of.cpu.append(time.process_time_ns() - cpu_ns)
                if number % REPAINTED == 0:
                    screen.show_panes()
                    of.repainted.append(timed_ns(lambda app=app: repaint(app)))  # type: ignore[misc]
    return spent


def note(most: Most, spent: Sequence[Spent], of: str) -> None:
    few, many = spent[0], spent[-1]
    most.growth = max(most.growth, (median(many.painted[1:]) / median(few.painted[1:]), of))
    most.cpu_growth = max(most.cpu_growth, (median(many.cpu[1:]) / median(few.cpu[1:]), of))
    for line in spent:
        said = f"{of}, {line.events:,} events"
        most.median = max(most.median, (median(line.painted[1:]) / 1e6, said))
        most.cpu_median = max(most.cpu_median, (median(line.cpu[1:]) / 1e6, said))


def told(of: str, line: Spent, fewest: Spent) -> str:
    kind, _, axis, zoom = of.split(", ")
    painted, cpu, repainted = line.painted[1:], line.cpu[1:], line.repainted[1:]
    growth = median(cpu) / median(fewest.cpu[1:])
    return (
        f"| {kind} | {line.rows} | {axis} | {zoom} | {line.events:,} "
        f"| {at(painted, 0.5) / 1e6:.1f} ms | {at(painted, 0.95) / 1e6:.1f} ms | {at(cpu, 0.5) / 1e6:.1f} ms "
        f"| {growth:.2f} | {line.painted[0] / 1e6:.1f} ms "
        f"| {at(repainted, 0.5) / 1e6:.1f} ms | {at(repainted, 0.95) / 1e6:.1f} ms |"
    )


def repaint(app: VisualizerApp) -> None:
    compositor = app.screen._compositor
    update = compositor.render_update(full=True)
    assert update is not None
    "".join(segment.text for segment in app.console.render(update))


def timed_ns(work: Callable[[], object]) -> int:
    start = time.perf_counter_ns()
    work()
    return time.perf_counter_ns() - start


def at(times: Sequence[int], part: float) -> int:
    return sorted(times)[min(len(times) - 1, int(part * len(times)))]
