"""Runs many random programs, one after another, in one recorded process, and compares what each logs with the trace.

Of a program only what stands in its span is looked at: who is left over then (a greenlet that waits, a generator that
nobody ends) is swept away before the next one begins.
"""

from __future__ import annotations

import json
import tempfile
import traceback
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.tracers.traced import Ended, bare, trace
from tests.truth import checks
from tests.truth.languages import LANGUAGES
from tests.truth.program import Program, Span, Step, read_log

#: Runs the programs whose files are named, and writes their spans to the file named first; each its log beside that.
_DRIVER = """\
import gc, json, sys, time
clock = time.monotonic_ns
written, *paths = sys.argv[1:]
interval, spans = sys.getswitchinterval(), []
for number, path in enumerate(paths):
    sys.argv = [path, f"{written}.{number}"]
    with open(path) as file:
        code = compile(file.read(), path, "exec")
    names = {"__name__": "__main__"}
    begin = clock()
    exec(code, names)
    spans.append((begin, clock()))
    sys.setswitchinterval(interval)
    if "sweep" in names:
        names["sweep"]()
    for side in "abc":
        names.get(f"{side}_g", {}).clear()
        # A thread may still be about to end. greenlet takes it that nobody has its main greenlet if nobody is found who
        # has, and crashes: as while that is collected together with what has a finalizer.
        names.pop(f"{side}_own", None)
    del names, code
    gc.collect()
with open(written, "w") as file:
    json.dump(spans, file)
"""


@dataclass
class Disagreement:
    """What a check found of a program."""

    seed: str
    source: str
    told: str
    #: The check, or what else; "" if they did so only all together.
    by: str = ""


@dataclass
class Compared:
    """How much was compared, and what did not agree."""

    counts: Counter[str] = field(default_factory=Counter)
    disagreements: list[Disagreement] = field(default_factory=list)


def write(directory: Path, programs: Sequence[Program]) -> list[str]:
    """The command that runs them: the script, and what is given to it."""
    script = directory / "script.py"
    script.write_text(_DRIVER, encoding="utf-8")
    files = []
    for number, program in enumerate(programs):
        files.append(directory / f"program{number}.py")
        files[-1].write_text(program.source, encoding="utf-8")
    return [str(script), str(directory / "log"), *map(str, files)]


def read(directory: Path, count: int) -> tuple[list[Span], list[list[Step]]]:
    """The span and the log of each of so many programs."""
    log = directory / "log"
    spans = [Span(*span) for span in json.loads(log.read_text())]
    return spans, [read_log(directory / f"log.{number}") for number in range(count)]


def compare(name: str, seeds: Sequence[str], compared: Compared) -> None:
    """Run the programs of a language that these seeds make, and look whether trace and log agree."""
    programs = {seed: LANGUAGES[name].program(seed) for seed in seeds}
    for some in ({seed: programs[seed]} for seed in seeds) if LANGUAGES[name].alone else (programs,):
        compare_programs(name, some, compared)


def compare_programs(name: str, of_seeds: Mapping[str, Program], compared: Compared) -> None:
    """The same of programs. Where it cannot be told of all at once (a crash), each runs alone."""
    language, seeds, programs = LANGUAGES[name], [*of_seeds], [*of_seeds.values()]
    told, truths = "", list[checks.Truth]()
    try:
        truths = [_run_alone(programs[0])] if language.alone else _run(programs, language.of_process)
    except Exception:
        told = traceback.format_exc()
    if told and len(seeds) == 1:
        compared.disagreements.append(Disagreement(seeds[0], programs[0].source, told, "the run"))
    elif told:
        before = len(compared.disagreements)
        for seed, program in of_seeds.items():
            compare_programs(name, {seed: program}, compared)
        if len(compared.disagreements) == before:
            compared.disagreements.append(Disagreement(f"{seeds[0]} to {seeds[-1]}", "(all together)", told))
    if told:
        return
    for seed, truth in zip(seeds, truths, strict=True):
        compared.counts.update(_counts(truth))
        for check in language.checks:
            try:
                check(truth)
            except Exception:
                found = Disagreement(seed, truth.program.source, traceback.format_exc(), check.__name__)
                compared.disagreements.append(found)


def smallest(name: str, seed: str) -> tuple[object, Disagreement]:
    """What is left of the sides of a program that disagrees, if all is left out without which it still does; and that.

    Raise LookupError if it agrees.
    """
    language = LANGUAGES[name]
    sides, found = language.sides(seed), _first(name, language.program(seed))
    if found is None:
        raise LookupError(seed)
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for fewer in _fewer(sides):
            try:
                program = language.render(fewer)
            except (IndexError, ValueError, ZeroDivisionError):
                continue  # There is nothing to be written of that.
            other = _first(name, program)
            if other is not None and other.by == found.by:
                sides, found, is_smaller = fewer, other, True
                break
    return sides, found


def _first(name: str, program: Program) -> Disagreement | None:
    compared = Compared()
    compare_programs(name, {"": program}, compared)
    return next(iter(compared.disagreements), None)


def _fewer(sides: Any) -> Iterator[Any]:
    """The same with one item less in one of the lists."""
    if isinstance(sides, list):
        yield from (sides[:at] + sides[at + 1 :] for at in range(len(sides)))
    if isinstance(sides, list | tuple):
        for at, one in enumerate(sides):
            yield from (type(sides)([*sides[:at], fewer, *sides[at + 1 :]]) for fewer in _fewer(one))


def _run(
    programs: Sequence[Program], of_process: Sequence[Callable[[checks.Recorded], None]]
) -> list[checks.Truth]:
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        command = write(directory, programs)
        traced = trace(directory / "trace", *command)
        _went_well(traced.ended)
        assert not traced.timeline.notes, traced.timeline.notes
        assert not traced.timeline.dropped, traced.timeline.dropped
        recorded = checks.Recorded(traced)
        for check in of_process:
            check(recorded)
        spans, logs = read(directory, len(programs))
        if any(program.repeatable for program in programs):
            _went_well(bare(Path(command[0]), *command[1:]))
            _, bare_logs = read(directory, len(programs))
            for program, log, bare_log in zip(programs, logs, bare_logs, strict=True):
                if program.repeatable:
                    one, other = program.repeated(bare_log), program.repeated(log)
                    assert one == other, f"{program.source}\nbare {one}\nrecorded {other}"
        each = zip(programs, logs, spans, strict=True)
        return [checks.Truth(program, log, recorded, span) for program, log, span in each]


def _run_alone(program: Program) -> checks.Truth:
    """The same of one that logs nothing, and may print how it fails."""
    with tempfile.TemporaryDirectory() as place:
        script = Path(place) / "script.py"
        script.write_text(program.source, encoding="utf-8")
        traced = trace(Path(place) / "trace", str(script))
        assert (traced.ended.code, traced.ended.stdout, traced.timeline.notes) == (0, b"", []), traced
        recorded = checks.Recorded(traced)
        traced.events  # noqa: B018 - read while the trace is there
        return checks.Truth(program, [], recorded, Span(recorded.began_ns, recorded.began_ns + traced.timeline.last_ns))


def _went_well(ended: Ended) -> None:
    assert (ended.code, ended.stdout, ended.stderr) == (0, b"", b""), ended


def _counts(truth: checks.Truth) -> dict[str, int]:
    def within(times: Sequence[int]) -> int:
        return bisect_right(times, truth.end_ns) - bisect_left(times, truth.begin_ns)

    return {
        "programs": 1,
        "steps": len(truth.log),
        "switches": within(truth.timeline.switch_ns),
        "waits": sum(map(len, truth.waits.values())),
        "wakes": within(truth.recorded.wake_ns),
        "ends": sum(truth.begin_ns <= truth.exit_ns(track) for track in truth.tracks),
    }
