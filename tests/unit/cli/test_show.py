"""`visualizer show`: the timeline as text."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Visualizer
from tests.unit.analysis.tape import Tape, ping_pong
from visualizer.paint.text.palette import DARK, LIGHT
from visualizer.trace import events as ev
from visualizer.trace import words

GOLDEN = Path(__file__).parents[2] / "golden"
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def written(path: Path, tape: Tape, *more: ev.Event, target: str = "demo") -> str:
    header = ev.Header(words.FORMAT, words.VERSION, target=target, python="3.13.0")
    path.write_bytes(b"".join(map(ev.encode, [header, *tape.events, *more])))
    return str(path)


def shown(visualizer: Visualizer, *args: str, **keywords: object) -> list[str]:
    done = visualizer("show", *args, **keywords)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_the_whole_print(visualizer: Visualizer, tmp_path: Path) -> None:
    lines = shown(visualizer, written(tmp_path / "a.trace", ping_pong().end()), "--width", "60")
    assert lines == [
        "demo · Python 3.13.0 · 9 µs · 5 switches · exit code 0",
        "",
        "time      │0 µs     │2 µs      │4 µs     │6 µs      │8 µs",
        "▾ main    ██████████▋ → test1 ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈▕█████",
        "    test1      ·····▕██████████▍┈┈┈┈▕█████ → test2 ┈┈┈┈┈┈┈",
        "    test2                ······▐████▋┈┈┈┈▕█████▍✓",
        "",
        "switches          │#1     │#2     │#3     │#4     │#5",
        "▾ main    ████████ → test1 ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈████████",
        "    test1     ····████████┈┈┈┈┈┈┈┈████████ → test2 ┈┈┈┈┈┈┈",
        "    test2             ····████████┈┈┈┈┈┈┈┈████████✓",
        "",
        "· created   █ running   ┈ waiting   ✓ ended",
        "",
        "#1  0.000002 s  main switches to test1 with 'x' → test1 runs for the first time",
        "#2  0.000004 s  test1 switches to test2 → test2 runs for the first time",
        "#3  0.000005 s  test2 switches to test1 → test1 runs",
        "#4  0.000006 s  test1 switches to test2 → test2 runs",
        "#5  0.000008 s  test2 ended (returned None) → main runs",
    ]


@pytest.mark.parametrize(("axis", "other"), [("time", "switches"), ("switches", "time"), ("busy", "time")])
def test_one_axis(visualizer: Visualizer, axis: str, other: str) -> None:
    lines = shown(visualizer, str(GOLDEN / "gevent_sleeps.trace"), "--axis", axis)
    assert any(line.startswith(f"{axis} ") for line in lines)
    assert not any(line.startswith(f"{other} ") for line in lines)
    assert 80 < max(len(line) for line in lines[:8]) <= 100


def test_in_a_pipe_it_is_plain_and_100_wide(process: Visualizer) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "60", "FORCE_COLOR": "1", "COLORTERM": "truecolor"}
    lines = shown(process, str(GOLDEN / "sync_vs_async.trace"), env=environment)
    assert "\x1b" not in "".join(lines)
    assert 95 < max(len(line) for line in lines[:13]) <= 100


def test_ascii(visualizer: Visualizer) -> None:
    trace = str(GOLDEN / "gevent_sleeps.trace")
    lines = shown(visualizer, trace, "--ascii")
    assert all(line.isascii() for line in lines)
    assert shown(visualizer, trace, encoding="ascii") == lines
    assert any("#### gevent.joinall(..) ---" in line for line in lines)


def test_many_switches_are_cut_and_counted(visualizer: Visualizer, tmp_path: Path) -> None:
    tape = Tape().spawn("a", words.GREENLET)
    for _ in range(30):
        tape.switch("main", "a").switch("a", "main")
    trace = written(tmp_path / "a.trace", tape.end())
    lines = shown(visualizer, trace)
    assert sum(" s  " in line for line in lines) == 40
    assert lines[-1] == f"… and 20 more: visualizer show --all {trace}"
    lines = shown(visualizer, trace, "--all")
    assert sum(" s  " in line for line in lines) == 60
    assert lines[-1].startswith("#60  ")


def test_many_tracks_are_cut_and_counted(visualizer: Visualizer, tmp_path: Path) -> None:
    tape = Tape()
    for number in range(70):
        tape.spawn(f"g{number}", words.GENERATOR, creator="main")
    trace = written(tmp_path / "a.trace", tape.end())
    lines = shown(visualizer, trace, "--axis", "time")
    assert "… and 11 more tracks: --all shows them" in lines
    assert sum(line.startswith("    g") for line in lines) == 59
    assert sum(line.startswith("    g") for line in shown(visualizer, trace, "--axis", "time", "--all")) == 70


def test_many_tracks_of_a_kind_share_a_row(visualizer: Visualizer, tmp_path: Path) -> None:
    tape = Tape()
    for number in range(70):
        tape.spawn(f"g{number}", words.GENERATOR, name="worker", creator="main")
    trace = written(tmp_path / "a.trace", tape.spawn("other", words.GENERATOR, creator="main").end())
    lines = shown(visualizer, trace, "--axis", "time", "--width", "60")
    assert [line[:15].strip() for line in lines[3:6]] == ["▾ main", "▸ worker ×70", "other"]
    assert "1–70 not run yet" in lines[4]
    assert lines[6] == "Tracks with the same function share a row: --all shows each one"
    ascii = shown(visualizer, trace, "--axis", "time", "--width", "60", "--ascii")
    assert "+ worker x70 " in ascii[4]
    assert all(line.isascii() for line in ascii)
    each = shown(visualizer, trace, "--axis", "time", "--all")
    assert sum(line.startswith("    worker-") for line in each) == 70
    assert not any("×" in line for line in each)


def test_what_must_be_told(visualizer: Visualizer, tmp_path: Path) -> None:
    more = (
        ev.Uncaught(9_000, "ValueError", "bad \x1b[31mitem"),
        ev.Dropped(9_000, "events", 4),
        ev.Note(9_000, "The program forked."),
        ev.Held(9_000, 0),
        ev.Continued(9_000, 1_500_000_000),
        ev.End(9_000, 1, 0),
    )
    lines = shown(visualizer, written(tmp_path / "a.trace", ping_pong(), *more))
    assert lines[0].endswith("exit code 1")
    assert lines[-5:] == [
        "",
        "Uncaught ValueError: bad ␛[31mitem",
        "The program forked.",
        "The program was paused once, for 1.500 s in total, which its times exclude.",
        "Left out of the trace: 4 events.",
    ]


def test_nothing_was_switched(visualizer: Visualizer, tmp_path: Path) -> None:
    lines = shown(visualizer, written(tmp_path / "a.trace", Tape().end()))
    assert lines[-1] == "No switch was recorded: no generator, greenlet or hub ran."


def test_hostile_names_are_not_obeyed(visualizer: Visualizer, tmp_path: Path) -> None:
    tape = Tape().spawn("g", words.GENERATOR, name="\x1b]0;owned\x07[bold]\u202e\n").resume("g").end()
    lines = shown(visualizer, written(tmp_path / "a.trace", tape, target="\x1b[2J"))
    assert lines[0].startswith("␛[2J · ")
    assert not any(ord(character) < 32 for line in lines for character in line)
    assert any("␛]0;owned␇[bold]�␊" in line for line in lines)


def test_from_stdin(visualizer: Visualizer) -> None:
    trace = GOLDEN / "ping_pong.trace"
    with trace.open() as stdin:
        assert shown(visualizer, "-", stdin=stdin) == shown(visualizer, str(trace))


def test_a_cut_trace_is_shown_up_to_there(visualizer: Visualizer, tmp_path: Path) -> None:
    cut = tmp_path / "cut.trace"
    cut.write_bytes((GOLDEN / "ping_pong.trace").read_bytes()[:-60])
    done = visualizer("show", str(cut))
    assert done.returncode == 0
    assert done.stderr.startswith("visualizer: The last line is incomplete")
    assert "end not recorded" in done.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"hello\n", "is not a trace"),
        (b'{"format":"visualizer-trace","version":99}\n', "is of version 99"),
        (None, "Cannot open the trace"),
    ],
)
def test_bad_input(visualizer: Visualizer, tmp_path: Path, content: bytes | None, said: str) -> None:
    trace = tmp_path / "bad.trace"
    if content is not None:
        trace.write_bytes(content)
    done = visualizer("show", str(trace))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("visualizer: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def on_a_terminal(*args: str, **environment: str) -> str:
    """What the command writes to a terminal of 80 columns."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "visualizer", *args],
        stdin=subprocess.DEVNULL,
        stdout=follower,
        env={"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "80", "LANG": "C.UTF-8", **environment},
    )
    os.close(follower)
    written = b""
    try:
        while chunk := os.read(leader, 65536):
            written += chunk
    except OSError:
        # Linux says so when the last writer is gone.
        pass
    os.close(leader)
    assert process.wait(60) == 0
    return written.decode().replace("\r\n", "\n")


#: The colour of what runs, as terminals are told it.
RUNNING, RUNNING_ON_LIGHT = (
    ";".join(str(int(palette["running"].colour[at : at + 2], 16)) for at in (1, 3, 5)) for palette in (DARK, LIGHT)
)


def test_colour_on_a_terminal() -> None:
    trace = str(GOLDEN / "gevent_sleeps.trace")
    coloured = on_a_terminal("show", trace)
    assert "\x1b[38;5;" in coloured
    assert f"\x1b[38;2;{RUNNING}m█" in on_a_terminal("show", trace, COLORTERM="truecolor")
    assert f"\x1b[38;2;{RUNNING_ON_LIGHT}m█" in on_a_terminal("show", trace, COLORTERM="truecolor", COLORFGBG="0;15")
    plain = on_a_terminal("show", trace, NO_COLOR="1")
    assert "\x1b" not in plain
    assert "\x1b" not in on_a_terminal("show", trace, TERM="dumb")
    assert [ESCAPE.sub("", line).rstrip() for line in coloured.splitlines()] == plain.splitlines()
    assert 75 < max(len(line) for line in plain.splitlines()[:8]) <= 80


def test_the_sequence(visualizer: Visualizer, tmp_path: Path) -> None:
    lines = shown(visualizer, written(tmp_path / "a.trace", ping_pong().end(3)), "--sequence", "--width", "50")
    assert lines == [
        "demo · Python 3.13.0 · 9 µs · 5 switches · exit code 3",
        "",
        " #      main           test1          test2",
        " 1        ┊──── 'x' ────▶█",
        " 2        ┊              ┊── switch ───▶█",
        " 3        ┊              █◀── switch ───┊",
        " 4        ┊              ┊── switch ───▶█",
        " 5        █◀────── returned None ───────✓",
    ]


def test_the_sequence_of_many_switches_is_cut_unless_all_is_asked_for(visualizer: Visualizer, tmp_path: Path) -> None:
    tape = Tape().spawn("foo", words.GREENLET, parent="main")
    for _ in range(30):
        tape.switch("main", "foo").switch("foo", "main")
    path = written(tmp_path / "a.trace", tape.end())
    cut = shown(visualizer, path, "--sequence")
    assert cut[42].startswith(" 40 ")
    assert cut[43] == f"… and 20 more: visualizer show --sequence --all {path}"
    assert sum(line.endswith("foo") for line in cut) == 1
    assert [line.split()[0] for line in shown(visualizer, path, "--sequence", "--all")[3:63]] == [
        str(number) for number in range(1, 61)
    ]


def test_the_sequence_has_no_axis(visualizer: Visualizer, tmp_path: Path) -> None:
    path = written(tmp_path / "a.trace", ping_pong())
    done = visualizer("show", path, "--sequence", "--axis", "time")
    assert done.returncode == 2
    assert "--sequence cannot be combined with --axis." in done.stderr


def test_it_can_be_pasted_as_a_block_of_code(visualizer: Visualizer, tmp_path: Path) -> None:
    path = written(tmp_path / "a.trace", ping_pong().end())
    for options in ((), ("--sequence",), ("--axis", "time", "--width", "60")):
        fence, *lines, last = shown(visualizer, path, "--markdown", *options)
        assert (fence, last) == ("```text", "```")
        assert lines == shown(visualizer, path, *options)
    # What a program is called does not end the block.
    hostile = written(tmp_path / "b.trace", ping_pong().end(), target="a ```` b")
    assert [shown(visualizer, hostile, "--markdown")[at] for at in (0, -1)] == ["`````text", "`````"]


def test_times_that_run_back_are_counted_and_told(visualizer: Visualizer, tmp_path: Path) -> None:
    """Those of several threads cross, but not by so much."""
    sound = ping_pong().at(2_000_000_000).switch("main", "test1").at(1_500_000_000).prints("from another thread")
    assert visualizer("show", written(tmp_path / "sound.trace", sound.end())).stderr == ""
    back = ping_pong().at(4_000_000_000).switch("main", "test1").at(5).switch("test1", "main").at(6_000_000_000).end()
    assert visualizer("show", written(tmp_path / "back.trace", back)).stderr == (
        "visualizer: 1 line tells a time more than 1 s before that of the line in front: the trace is damaged.\n"
    )
