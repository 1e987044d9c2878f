"""Brings the tracers into the interpreter that is starting, leaves no trace of itself, and gives way to the real one.

The `site` module imports `sitecustomize` before the script runs. Everything visible is put back: PYTHONPATH, sys.path,
sys.modules (a script may have modules of its own called `visualizer` or `sitecustomize`).

What the program starts may be another Python, of any version: that only has everything put back. So there are no
functions here, which would have annotations, nor anything else that is no Python 2.
"""

import gc
import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))
_words = ("TRACE", "INCLUDE", "SOURCE", "MARKS", "CHILDREN", "CONTROL", "RUNTIMES", "CHILD")
_names = ["VISUALIZER_" + _word for _word in _words]
_variables = {_name: os.environ.pop(_name) for _name in _names if _name in os.environ}
_path = os.environ.get("PYTHONPATH", "")
_first, _, _rest = _path.partition(os.pathsep)
if _first == _here:
    if _rest:
        os.environ["PYTHONPATH"] = _rest
    else:
        del os.environ["PYTHONPATH"]
sys.path[:] = [_entry for _entry in sys.path if _entry != _here]

_trace = _variables.get("VISUALIZER_TRACE")
if _trace and sys.version_info >= (3, 11) and sys.implementation.name == "cpython":
    import _signal  # type: ignore[import-not-found]

    try:
        _signal.set_wakeup_fd(-1)  # Nobody has set one yet; and only the main interpreter may.
    except ValueError:
        # This one is made by a program that is recorded: to it these are variables for what it starts.
        for _name in _variables:
            os.putenv(_name, _variables[_name])
        os.putenv("PYTHONPATH", _path)
        _trace = None
else:
    _trace = None
if _trace:
    # What is made here does not bring the program's next collection nearer (collector.py).
    _count, _collects = gc.get_count()[0], gc.isenabled()
    gc.disable()
    _root = os.path.dirname(os.path.dirname(os.path.dirname(_here)))
    _before = set(sys.modules)
    sys.path.insert(0, _root)
    _modules = None
    try:
        from visualizer.tracers.loading import Modules

        _modules = Modules(_root)
        sys.meta_path.insert(0, _modules)
        _start = _modules.load("visualizer.tracers.start")
        _start.begin(_variables, _here)
        _modules.read_ahead(_start.LATER)
        _modules.load("visualizer.tracers.core.collector").settle(_count)
    except Exception as _error:
        # The script runs whatever happens to us; without a header the reading side says that there is no trace.
        if "VISUALIZER_CHILD" not in _variables:
            try:
                with open(_trace + ".failed", "a") as _note:
                    _note.write(type(_error).__name__ + ": " + str(_error) + "\n")
            except OSError:
                pass
    finally:
        sys.path.remove(_root)
        sys.meta_path[:] = [_finder for _finder in sys.meta_path if _finder is not _modules]
        # Ours, and what other packages brought: to the program they are not there until it imports them.
        _brought = {"visualizer"}
        for _row in _variables.get("VISUALIZER_RUNTIMES", "").split("\n"):
            _brought.add(_row.partition("=")[2].partition(":")[0].partition(".")[0])
        for _name in set(sys.modules) - _before:
            if _name.partition(".")[0] in _brought:
                del sys.modules[_name]
        if _collects:
            gc.enable()

_ours = sys.modules.pop("sitecustomize")
try:
    import sitecustomize  # type: ignore[import-not-found]  # noqa: F401
except ImportError as _missing:
    # The import system still looks for this module under its name when it is done with it.
    sys.modules["sitecustomize"] = _ours
    if getattr(_missing, "name", "sitecustomize") != "sitecustomize":
        raise
