"""What the shell completes: traces, scripts and scenarios, and the tracks of a trace."""

from __future__ import annotations

import glob
import os

import click
from click.shell_completion import CompletionItem

from visualizer.session.catalogue import scenarios

#: A longer trace is not read for its tracks while somebody types.
_LONGEST_BYTES = 20_000_000


def traces(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Traces in the folder that is typed, and its folders."""
    return _files(incomplete, ".trace", ".trace.gz")


def targets(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Scenarios, scripts and folders; behind one of them any file, as an argument of the script."""
    if context.params.get("words"):
        return [CompletionItem(incomplete, type="file")]
    return runnable(incomplete)


def runnable(incomplete: str) -> list[CompletionItem]:
    """Scenarios, scripts and folders that begin with that."""
    known = [CompletionItem(one.name, help=one.sentence) for one in scenarios() if one.name.startswith(incomplete)]
    return [*known, *_files(incomplete, ".py")]


def served(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Traces, and whatever can be run."""
    found = targets(context, parameter, incomplete)
    return found if context.params.get("words") else [*found, *traces(context, parameter, incomplete)]


def tours(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Scenarios that have a guided tour."""
    known = [one for one in scenarios() if one.tour is not None and one.name.startswith(incomplete)]
    return [CompletionItem(one.name, help=one.sentence) for one in known]


def tracks(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of the tracks of the trace that is typed before."""
    from visualizer.analysis.load.loader import load
    from visualizer.analysis.text.printable import plain
    from visualizer.trace.source import TraceError

    # An option that still lacks its value keeps click from taking in what stands before it.
    file = context.params.get("file") or next(iter(context.params.get("files") or context.args), "-")
    if file == "-":
        return []
    file = file if os.path.exists(file) else file.rpartition("@")[0]
    try:
        if os.path.getsize(file) > _LONGEST_BYTES:
            return []
        timeline, _ = load(file)
    except (OSError, ValueError, TraceError):
        return []
    names = dict.fromkeys(plain(timeline.name(track)) for track in timeline.tracks)
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _files(incomplete: str, *suffixes: str) -> list[CompletionItem]:
    found = sorted(path for suffix in suffixes for path in glob.glob(f"{glob.escape(incomplete)}*{suffix}"))
    # The shell itself completes folders, without a space behind them.
    return [*map(CompletionItem, found), CompletionItem(incomplete, type="dir")]
