"""Starts a plain interpreter on a script, with the tracers in it.

    python -m visualizer.tracers --trace FILE [OPTION]... -- SCRIPT [ARGS...]
    python -m visualizer.tracers --trace FILE [OPTION]... -- -m MODULE [ARGS...]

The options: --include PATTERN, --no-source, --marks, --no-children, --all-children, --control FD.
FD is a socket through which the program can be paused (control.py).

This process becomes that interpreter (exec), so process id, standard streams, terminal and signals stay as they are,
and the script is run by Python itself: `sys.argv`, `__main__`, the frames at the bottom of a traceback and the exit
code are not imitations. The tracers come in by a `sitecustomize` module (see the `site` module's manual), put in front
of PYTHONPATH for the time of the start; it takes itself and its variables out again before the script begins.

Runtimes of other packages are found here (entry points `visualizer.runtimes`) and named to that interpreter, which
would else have to import what finds them.
"""

from __future__ import annotations

import os
import sys

#: Entry points of this group are runtimes of other packages: name -> "module:class".
RUNTIMES = "visualizer.runtimes"

BOOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "boot")


def outside() -> list[str]:
    """The runtimes that other packages bring, each as "name=module:class"."""
    if not any(map(_may_bring, sys.path)):
        return []
    # It takes longer to import than all the rest of the start, and hardly ever is there anything to be found.
    from importlib.metadata import entry_points

    return sorted({f"{point.name}={point.value}" for point in entry_points(group=RUNTIMES)})


def _may_bring(folder: str) -> bool:
    """Whether a package that is installed in `folder` has an entry point of ours, at a glance."""
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return False
    for name in names:
        if name.endswith((".dist-info", ".egg-info")):
            try:
                with open(os.path.join(folder, name, "entry_points.txt"), "rb") as file:
                    if RUNTIMES.encode() in file.read():
                        return True
            except OSError:
                continue  # Most have none.
    return False


def environment(
    trace: str, include: list[str], source: bool, marks: bool, control: str, base: dict[str, str], children: str = "1"
) -> dict[str, str]:
    """The variables under which a Python interpreter traces the script it is given.

    `children`: "" if only that process is to be recorded; "all": also multiprocessing's own ones.
    """
    path = base.get("PYTHONPATH")
    made = dict(base)
    made["PYTHONPATH"] = BOOT if path is None else BOOT + os.pathsep + path
    made["VISUALIZER_TRACE"] = os.path.abspath(trace)
    made["VISUALIZER_INCLUDE"] = "\n".join(include)
    made["VISUALIZER_SOURCE"] = "1" if source else "0"
    made["VISUALIZER_MARKS"] = "1" if marks else "0"
    made["VISUALIZER_CHILDREN"] = children
    made["VISUALIZER_CONTROL"] = control
    made["VISUALIZER_RUNTIMES"] = "\n".join(outside())
    return made


def is_closed(command: list[str]) -> bool:
    """Whether an interpreter is told by these arguments to ignore PYTHONPATH, or not to import `site`."""
    rest = iter(command)
    for word in rest:
        if not word.startswith("-") or word[1:2] in ("m", "c", "-", ""):
            return False
        if word in ("-W", "-X"):
            next(rest, None)
        elif word[1] not in "WX" and not {*word}.isdisjoint("SIE"):
            return True
    return False


def main(arguments: list[str]) -> int:
    trace = control = ""
    include: list[str] = []
    source, marks, children = True, False, "1"
    rest = list(arguments)
    while rest and rest[0] != "--":
        option = rest.pop(0)
        if option == "--no-source":
            source = False
            continue
        if option == "--marks":
            marks = True
            continue
        if option in ("--no-children", "--all-children"):
            children = "" if option == "--no-children" else "all"
            continue
        if option not in ("--trace", "--include", "--control") or not rest:
            print(f"visualizer.tracers: unexpected argument {option!a}", file=sys.stderr)
            return 2
        if option == "--trace":
            trace = rest.pop(0)
        elif option == "--control":
            control = rest.pop(0)
        else:
            include.append(rest.pop(0))
    command = rest[1:]
    if not trace or not command:
        options = "[--no-source] [--marks] [--no-children | --all-children] [--control FD]"
        usage = f"--trace FILE [--include PATTERN]... {options} -- SCRIPT [ARGS...]"
        print(f"visualizer.tracers: usage: {usage}", file=sys.stderr)
        return 2
    if is_closed(command):
        # Nothing of ours would come in, and be left lying about for the program's own children.
        os.execve(sys.executable, [sys.executable, *command], dict(os.environ))
    variables = environment(trace, include, source, marks, control, dict(os.environ), children)
    os.execve(sys.executable, [sys.executable, *command], variables)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
