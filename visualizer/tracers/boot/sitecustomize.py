"""Brings the tracers into the interpreter that is starting, leaves no trace of itself, and gives way to the real one.

The `site` module imports `sitecustomize` before the script runs. Everything visible is put back: PYTHONPATH, sys.path,
sys.modules (a script may have modules of its own called `visualizer` or `sitecustomize`).
"""

import os
import sys


def _boot() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    trace = os.environ.pop("VISUALIZER_TRACE", "")
    include = os.environ.pop("VISUALIZER_INCLUDE", "")
    source = os.environ.pop("VISUALIZER_SOURCE", "1") == "1"
    control = os.environ.pop("VISUALIZER_CONTROL", "")
    outside = [row for row in os.environ.pop("VISUALIZER_RUNTIMES", "").split("\n") if row]
    first, _, rest = os.environ.get("PYTHONPATH", "").partition(os.pathsep)
    if first == here:
        if rest:
            os.environ["PYTHONPATH"] = rest
        else:
            del os.environ["PYTHONPATH"]
    sys.path[:] = [entry for entry in sys.path if entry != here]
    if trace:
        root = os.path.dirname(os.path.dirname(os.path.dirname(here)))
        before = set(sys.modules)
        sys.path.insert(0, root)
        try:
            from visualizer.tracers.start import start

            patterns = [pattern for pattern in include.split("\n") if pattern]
            start(trace, patterns, source, int(control or -1), outside)
        except Exception as error:
            # The script runs whatever happens to us; without a header the reading side says that there is no trace.
            try:
                with open(trace + ".failed", "a") as note:
                    note.write(f"{type(error).__name__}: {error}\n")
            except OSError:
                pass
        finally:
            sys.path.remove(root)
            # Ours, and what other packages brought: to the program they are not there until it imports them.
            brought = {"visualizer", *(row.partition("=")[2].partition(":")[0].partition(".")[0] for row in outside)}
            for name in set(sys.modules) - before:
                if name.partition(".")[0] in brought:
                    del sys.modules[name]
    ours = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # type: ignore[import-not-found]  # noqa: F401
    except ImportError as error:
        # The import system still looks for this module under its name when it is done with it.
        sys.modules["sitecustomize"] = ours
        if error.name != "sitecustomize":
            raise


_boot()
