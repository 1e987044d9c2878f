"""A package that nobody here knows: a runtime of its own, what watches it, and a format of its own to export to."""

from __future__ import annotations

import textwrap
from pathlib import Path

FILES = {
    "ticker/__init__.py": "",
    "ticker/loop.py": """
        class Wheel:
            def __init__(self):
                self.tasks = []

            def add(self, name, step):
                self.tasks.append((name, step))

            def turn(self, name, step):
                return step()

            def run(self):
                while self.tasks:
                    name, step = self.tasks.pop(0)
                    if self.turn(name, step):
                        self.add(name, step)
        """,
    "ticker/tracer.py": """
        from visualizer.tracers.core.context import CURRENT

        class TickerTracer:
            name = "ticker"
            modules = ("ticker.loop",)
            words = {
                "kinds": {"wheel": "scheduler", "tick": "task"},
                "reasons": {"turn": "turned the wheel that it was waiting for"},
                "causes": {"round": "the wheel has come round"},
            }

            def __init__(self, context):
                self.context = context
                self.tracks = {}
                self.wheel = None

            def install(self):
                return "on when ticker.loop is imported: Wheel's methods"

            def imported(self, name, module):
                context, tracks, turn, run = self.context, self.tracks, module.Wheel.turn, module.Wheel.run

                def traced_run(wheel):
                    t_ns = context.now()
                    before = context.current()
                    self.wheel = context.spawned(t_ns, "wheel", "wheel", before)
                    context.switched(t_ns, before, self.wheel)
                    run(wheel)
                    t_ns = context.now()
                    context.exited(t_ns, self.wheel, "returned")
                    context.switched(t_ns, self.wheel, before)

                def traced_turn(wheel, name, step):
                    t_ns = context.now()
                    if name in tracks:
                        context.ready(t_ns, tracks[name], self.wheel, "round")
                    else:
                        tracks[name] = context.spawned(t_ns, "tick", name, self.wheel, CURRENT)
                        context.ready(t_ns, tracks[name], CURRENT, "spawn")
                    context.switched(t_ns, self.wheel, tracks[name])
                    again = turn(wheel, name, step)
                    t_ns = context.now()
                    if again:
                        context.waits(t_ns, tracks[name], "turn", "its turn")
                    else:
                        context.exited(t_ns, tracks[name], "returned", again)
                    context.switched(t_ns, tracks[name], self.wheel)
                    return again

                self.originals = module.Wheel, turn, run
                module.Wheel.turn, module.Wheel.run = traced_turn, traced_run

            def remove(self):
                if self.wheel is not None:
                    kind, kind.turn, kind.run = self.originals

            def finish(self, t_ns):
                pass
        """,
    "ticker/export.py": """
        def names(timeline, settings):
            return "".join(f"{timeline.name(track)}\\n" for track in timeline.tracks).encode()
        """,
    "ticker-1.0.dist-info/METADATA": """
        Metadata-Version: 2.1
        Name: ticker
        Version: 1.0
        """,
    "ticker-1.0.dist-info/entry_points.txt": """
        [visualizer.runtimes]
        ticker = ticker.tracer:TickerTracer

        [visualizer.exporters]
        names = ticker.export:names
        """,
}
SCRIPT = """
import sys
known = list(sys.modules)
before = [name for name in known if name.startswith(("ticker", "visualizer", "importlib.metadata"))]
import ticker.loop
wheel = ticker.loop.Wheel()
left = {"one": [1, 2], "two": [1]}
for name, items in left.items():
    wheel.add(name, lambda items=items: items.pop() and bool(items))
wheel.run()
print(before)
"""


def install(folder: Path) -> Path:
    """Put the package, as an installer would, into `folder`, and a script that uses it. Return the script."""
    for name, text in FILES.items():
        file = folder / "site" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip())
    script = folder / "ticking.py"
    script.write_text(SCRIPT)
    return script
