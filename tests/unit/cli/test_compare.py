"""`visualizer compare`: two traces, or parts of them, on one scale."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from tests.conftest import Visualizer
from tests.unit.analysis.tape import Tape, ping_pong, producer_consumer
from tests.unit.cli.test_open import KEYS
from tests.unit.cli.test_open import on_a_terminal as opened
from tests.unit.cli.test_show import ESCAPE, RUNNING, on_a_terminal, written
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part, compare
from visualizer.paint.axis.viewport import Axis
from visualizer.paint.comparison.difference import saved
from visualizer.paint.comparison.figures import figures, verdict
from visualizer.paint.comparison.stretch import Stretch
from visualizer.trace import events as ev
from visualizer.trace import words

GOLDEN = Path(__file__).parents[2] / "golden"
HOW = "use seconds, as in @0.5-2 or @0.5-, or switch numbers, as in @#3-#17."
SYNC = str(GOLDEN / "sync_vs_async.trace")


def lasting(ns: int) -> Timeline:
    tape = Tape()
    if ns:
        tape.at(ns).end()
    return tape.timeline()


def told(visualizer: Visualizer, *args: str, **keywords: object) -> list[str]:
    done = visualizer("compare", *args, **keywords)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_one_after_another_and_all_together(visualizer: Visualizer) -> None:
    lines = told(visualizer, "sync_vs_async.trace@#-#18", "sync_vs_async.trace@#19-#", "--width", "80", cwd=GOLDEN)
    assert lines == [
        "A  sync_vs_async.trace@#-#18 · sync_vs_async · Python 3.13.0 · from 48.8 ms to 0.952 s",
        "B  sync_vs_async.trace@#19-# · sync_vs_async · Python 3.13.0 · from 0.953 s to 1.05 s",
        "",
        "B is 9.0× faster: 0.101 s instead of 0.903 s",
        "",
        "                                  A          B      B - A",
        "-------------------------------------------------------------------------",
        "time                        0.903 s    0.101 s   -0.802 s      9.0× lower",
        "first to last switch        0.903 s    0.101 s   -0.802 s      9.0× lower",
        "switches                         18         54        +36     3.0× higher",
        "tracks                            2         11         +9     5.5× higher",
        "running                    1.563 ms   0.667 ms  -0.896 ms      2.3× lower",
        "ready, not running                -    1.26 ms   +1.26 ms       none in A",
        "waiting                     0.903 s    1.005 s   +0.103 s     1.1× higher",
        "  sleep                    0.9027 s  0.90464 s   +1.94 ms  about the same",
        "  join                            -    0.101 s   +0.101 s       none in A",
        "waiting at once (average)         1         10         +9    10.0× higher",
        "idle                        0.902 s      0.1 s   -0.802 s      9.0× lower",
        "",
        "time       │0.0 s        │0.2 s         │0.4 s         │0.6 s         │0.8 s",
        "A  from 48.8 ms",
        "▾ main     ┈┈┈┈┈┈┈▏┈┈┈┈┈┈▏┈┈┈┈┈┈┈▏┈┈┈┈┈┈▏┈┈┈┈┈┈┈▏┈┈┈┈┈┈▏┈┈┈┈┈┈┈▏┈┈┈┈┈┈▏┈┈┈┈┈┈▏",
        "    hub    ▏░░░░░░▁░░░░░░▁░░░░░░░▁░░░░░░▁░░░░░░░▁░░░░░░▁░░░░░░░▁░░░░░░▁░░░░░░▏",
        "B  from 0.953 s",
        "▾ main     ┈┈┈┈┈┈┈▁",
        "    hub    ▁░░░░░░▁",
        *(f"    task-{number} ▏┈┈┈┈┈┈▏✓" for number in range(1, 4)),
        "    task-4 ▏┈┈┈┈┈┈▏✓ ├──────────────────── 0.802 s saved ────────────────────┤",
        *(f"    task-{number} ▏┈┈┈┈┈┈▏✓" for number in range(5, 10)),
        "",
        "▒ ready, not running   █ running   ┈ waiting   ░ idle (polling or in a call)   ✓ ended",
        "",
        "The order of switches differs from the first switch on",
        "A   #1  0.048826 s  main sleeps 0.1 s → hub runs for the first time",
        "B  #19  0.952549 s  main waits in gevent.joinall(greenlets) → hub runs",
    ]


def test_where_one_goes_on(visualizer: Visualizer, tmp_path: Path) -> None:
    longer = ping_pong().switch("main", "test1").end()
    lines = told(visualizer, written(tmp_path / "a.trace", ping_pong().end()), written(tmp_path / "b.trace", longer))
    assert lines[-3:] == [
        "The order of switches differs after 5 equal switches",
        "A  has no more switches",
        "B  #6  0.000009 s  main switches to test1 → test1 runs",
    ]


def test_the_same_twice(visualizer: Visualizer) -> None:
    lines = told(visualizer, SYNC, SYNC)
    assert lines[3] == "Both take about the same time: 1.06 s and 1.06 s"
    assert lines[-1] == "The order of switches is the same in both (all 72)"
    assert all(line.endswith("the same") for line in lines[7:14])


@pytest.mark.parametrize(
    ("a_ns", "b_ns", "said"),
    [
        (940_000_000, 150_000_000, "B is 6.3× faster: 0.15 s instead of 0.94 s"),
        (150_000_000, 940_000_000, "B is 6.3× slower: 0.94 s instead of 0.15 s"),
        (1_000_000_000, 1_040_000_000, "Both take about the same time: 1 s and 1.04 s"),
        (1_000_000_000, 1_060_000_000, "B is 1.1× slower: 1.06 s instead of 1 s"),
        (0, 0, "Both take about the same time: 0 s and 0 s"),
        (1_000, 0, "B takes no time: it is empty"),
        (0, 1_000, "A takes no time: it is empty"),
    ],
)
def test_the_saving_as_a_number(a_ns: int, b_ns: int, said: str) -> None:
    assert verdict(compare(Part.whole(lasting(a_ns)), Part.whole(lasting(b_ns)))) == said


def started(start_ns: int, took_ns: int, end_ns: int) -> Part:
    """Two switches, the first at `start_ns`, the other `took_ns` later, and the end `end_ns` behind that."""
    tape = Tape().spawn("a", words.GREENLET)
    tape.at(start_ns).switch("main", "a").at(start_ns + took_ns).switch("a", "main")
    return Part.whole(tape.at(start_ns + took_ns + end_ns).end().timeline())


MS = 1_000_000


@pytest.mark.parametrize(
    ("a", "b", "said", "number"),
    [
        (
            started(140 * MS, 500 * MS, 20 * MS),
            started(100 * MS, 500 * MS, 20 * MS),
            ("Both take about the same time from first to last switch: 0.5 s and 0.5 s; "
            "B's first switch comes 40 ms earlier"),
            None,
        ),
        (
            started(100 * MS, 20 * MS, 0),
            started(400 * MS, 10 * MS, 0),
            ("B is 2.0× faster from first to last switch: 10 ms instead of 20 ms; "
            "B's first switch comes 0.3 s later"),
            None,
        ),
        # What is done behind the last switch counts, and so does what outweighs the start.
        (
            started(100 * MS, 500 * MS, 400 * MS),
            started(100 * MS, 500 * MS, 0),
            "B is 1.7× faster: 0.6 s instead of 1 s",
            (1, "0.4 s saved"),
        ),
        (
            started(100 * MS, 500 * MS, 0),
            started(80 * MS, 20 * MS, 0),
            "B is 6.0× faster: 0.1 s instead of 0.6 s",
            (1, "0.5 s saved"),
        ),
        # There is no switch to count from.
        (
            Part.whole(lasting(5_000 * MS)),
            started(50 * MS, 950 * MS, 0),
            "B is 5.0× faster: 1 s instead of 5 s",
            (1, "4 s saved"),
        ),
    ],
)
def test_a_quicker_start_is_no_merit(a: Part, b: Part, said: str, number: object) -> None:
    assert verdict(compare(a, b)) == said
    assert saved((Stretch(a, 0, a.end_ns), Stretch(b, 0, b.end_ns)), Axis.TIME) == number


def test_what_is_in_one_only() -> None:
    found = compare(Part.whole(ping_pong().timeline()), Part.whole(producer_consumer().timeline()))
    assert [line.split()[0] for line in figures(found) if line.endswith("none in B")] == ["switched"]
    assert [line.split()[0] for line in figures(found) if line.endswith("none in A")] == ["resumed", "suspended"]


def test_json(visualizer: Visualizer) -> None:
    timeline, _ = load(str(GOLDEN / "sync_vs_async.trace"))
    last_ns = timeline.last_ns
    done = visualizer("compare", f"{SYNC}@-0.5", f"{SYNC}@0.5-99", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    parts = Part.between(timeline, 0, 500_000_000), Part.between(timeline, 500_000_000, last_ns)
    assert found == msgspec.to_builtins(compare(*parts))
    assert list(found) == ["a", "b", "figures", "waited_by_reason", "alike", "first_difference"]
    assert found["a"] == {"target": "sync_vs_async", "start_s": 0, "end_s": 0.5}
    assert found["b"]["end_s"] == last_ns / 1e9


def test_spans_of_switches_hold_both_ends(visualizer: Visualizer) -> None:
    def count(span: str) -> object:
        found = json.loads(visualizer("compare", f"{SYNC}@{span}", SYNC, "--json").stdout)
        return found["figures"]["switches"]["a"]

    assert [count(span) for span in ("#-#", "#2-#4", "#19-", "-#18")] == [72, 3, 54, 18]


def test_switches_of_one_moment_are_told_apart_by_number(visualizer: Visualizer, tmp_path: Path) -> None:
    tape = Tape().spawn("a", words.GREENLET)
    for number in range(6):
        tape.at(5_000).switch(*(("main", "a") if number % 2 == 0 else ("a", "main")))
    trace = written(tmp_path / "a.trace", tape.end())
    found = json.loads(visualizer("compare", f"{trace}@#2-#4", f"{trace}@#-#", "--json").stdout)
    assert found["figures"]["switches"] == {"a": 3, "b": 6, "difference": 3, "factor": 2}
    assert found["figures"]["duration_s"]["a"] == 0


def test_a_file_with_an_at_sign_in_its_name(visualizer: Visualizer, tmp_path: Path) -> None:
    plain = written(tmp_path / "a.trace", ping_pong().end())
    written(tmp_path / "me@1-2", ping_pong().end())
    lines = told(visualizer, "me@1-2", plain)
    assert lines[0] == "A  me@1-2 · demo · Python 3.13.0 · 9 µs · 5 switches · exit code 0"
    assert told(visualizer, "me@1-2@#-#3", plain)[0].endswith("from 2 µs to 5 µs")


@pytest.mark.parametrize(
    ("a", "said"),
    [
        ("{}@5-", "The span '5-' begins after the end of the trace 'a.trace', which lasts 9 µs."),
        ("{}@#5-#4", "The span '#5-#4' ends before it begins."),
        ("{}@2-#4", "The span '2-#4' begins after the end of the trace 'a.trace', which lasts 9 µs."),
        ("{}@0.000004-0.000002", "The span '0.000004-0.000002' ends before it begins."),
        ("{}@#5-#5", "The span '#5-#5' is empty: it ends where it begins."),
        ("{}@#0-", "The trace 'a.trace' has no switch #0: there are 5."),
        ("{}@-#6", "The trace 'a.trace' has no switch #6: there are 5."),
        ("none.trace@#-", "The trace 'none.trace' has no switch: there are none."),
        *(
            (
                "{}@" + wrong,
                f"{wrong!r} is not a valid part of a trace; {HOW}",
            )
            for wrong in ("", "-", "1", "1-x", "١-", "#1#-")
        ),
        ("nope.trace@1-", "Cannot open the trace 'nope.trace': no such file or directory."),
        ("nope.trace@x", "Cannot open the trace 'nope.trace@x': no such file or directory."),
        ("empty.trace", "The trace 'empty.trace' is empty."),
    ],
)
def test_bad_input(visualizer: Visualizer, tmp_path: Path, a: str, said: str) -> None:
    written(tmp_path / "a.trace", ping_pong().end())
    written(tmp_path / "none.trace", Tape().end())
    (tmp_path / "empty.trace").write_bytes(b"")
    for args in ((a.format("a.trace"), "a.trace"), ("a.trace", a.format("a.trace"))):
        done = visualizer("compare", *args)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", f"visualizer: {said}\n")


def test_both_from_stdin_which_is_read_once(visualizer: Visualizer) -> None:
    with open(SYNC) as stdin:
        lines = told(visualizer, "--", "-@#-#18", "-@#19-#", stdin=stdin)
    assert lines[2:] == told(visualizer, f"{SYNC}@#-#18", f"{SYNC}@#19-#")[2:]


def test_a_notice_says_of_which_trace_it_is(visualizer: Visualizer, tmp_path: Path) -> None:
    for name in ("a", "b"):
        written(tmp_path / f"{name}.trace", ping_pong() if name == "b" else ping_pong().end())
    done = visualizer("compare", "a.trace", "b.trace")
    assert done.returncode == 0
    assert done.stderr == ("visualizer: b.trace: The trace has no end: its program was killed or is still running.\n")
    assert visualizer("compare", "b.trace", "b.trace@#-#").stderr.count("no end") == 1


def test_what_must_be_told_of_each(visualizer: Visualizer, tmp_path: Path) -> None:
    more = (ev.Uncaught(9_000, "ValueError", "bad \x1b[31mitem"), ev.Dropped(9_000, "events", 4), ev.End(9_000, 1, 0))
    bad = written(tmp_path / "bad.trace", ping_pong(), *more)
    good = written(tmp_path / "good.trace", ping_pong().end())
    assert told(visualizer, good, bad)[-3:] == [
        "",
        "B  Uncaught ValueError: bad ␛[31mitem",
        "B  Left out of the trace: 4 events.",
    ]
    assert told(visualizer, bad, f"{bad}@#2-")[-2:] == [
        "Uncaught ValueError: bad ␛[31mitem",
        "Left out of the trace: 4 events.",
    ]


def test_hostile_names_are_not_obeyed(visualizer: Visualizer, tmp_path: Path) -> None:
    tape = Tape().spawn("g", words.GREENLET, name="\x1b]0;owned\x07[bold]\u202e\n")
    tape.waits("main", "\x1b[2Jreason").switch("main", "g").switch("g", "main").end()
    lines = told(visualizer, *2 * [written(tmp_path / "a\x1b[31m.trace", tape, target="\x1b[2J")])
    assert not any(ord(character) < 32 for line in lines for character in line)
    assert any("␛]0;owned␇[bold]�␊" in line for line in lines)
    assert any(line.startswith("  ␛[2Jreason ") for line in lines)


def test_ascii(visualizer: Visualizer) -> None:
    parts = f"{SYNC}@#-#18", f"{SYNC}@#19-#"
    lines = told(visualizer, *parts, "--ascii")
    assert all(line.isascii() for line in lines)
    assert told(visualizer, *parts, encoding="ascii") == lines


def test_colour_on_a_terminal() -> None:
    coloured = on_a_terminal("compare", "--print", SYNC, SYNC, COLORTERM="truecolor")
    assert f"\x1b[38;2;{RUNNING}m" in coloured
    plain = on_a_terminal("compare", "--print", SYNC, SYNC, NO_COLOR="1")
    assert "\x1b" not in plain
    assert [ESCAPE.sub("", line).rstrip() for line in coloured.splitlines()] == plain.splitlines()


@pytest.mark.parametrize("stdin", [None, "a trace"])
def test_on_a_terminal_it_is_opened(tmp_path: Path, stdin: str | None) -> None:
    trace = (GOLDEN / "ping_pong.trace").read_text()
    one = SYNC if stdin is None else "-"
    status, lines = opened("compare", one, f"{SYNC}@#-#18", cwd=tmp_path, stdin=trace if stdin else None)
    assert (status, lines[-1]) == (0, KEYS)
    assert lines[0] == f"given {{'compared': ({(one, None)!r}, {(SYNC, '#-#18')!r})}}"
    assert [line[:14] for line in lines[1:-1]] == (["stream b'{\"for"] if stdin else [])
    (tmp_path / "empty.trace").write_bytes(b"")
    status, lines = opened("compare", SYNC, "empty.trace", cwd=tmp_path)
    assert (status, lines) == (2, ["visualizer: The trace 'empty.trace' is empty."])
    status, lines = opened("compare", SYNC, SYNC, "--json", cwd=tmp_path)
    assert (status, lines[0]) == (0, "{")


def test_a_picture_of_both(visualizer: Visualizer, tmp_path: Path) -> None:
    args = (f"{SYNC}@#-#18", f"{SYNC}@#19-#", "-o", "both.svg", "--axis", "switches", "--theme", "dark")
    assert told(visualizer, *args) == []
    picture = (tmp_path / "both.svg").read_text()
    assert "B takes 36 more switches" in picture
    done = visualizer("compare", *args)
    assert (done.returncode, done.stderr) == (2, "visualizer: 'both.svg' exists already; --force overwrites it.\n")
    assert told(visualizer, *args, "--force", "--width", "800") == []
    assert 'width="800"' in (tmp_path / "both.svg").read_text()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("-o", "both.xyz"), "Unknown format 'both.xyz': the name must end in .svg, .png or .pdf."),
        (("-o", "both.svg", "--width", "100"), "A picture must be 400 to 20000 pixels wide, not 100."),
        (("-o", "no/both.svg"), "Cannot write 'no/both.svg': no such file or directory."),
    ],
)
def test_a_picture_that_cannot_be_drawn(
    visualizer: Visualizer, tmp_path: Path, args: tuple[str, ...], said: str
) -> None:
    done = visualizer("compare", SYNC, SYNC, *args)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"visualizer: {said}\n")
    assert list(tmp_path.glob("*.svg")) == []


def test_a_picture_does_not_take_the_place_of_a_trace(visualizer: Visualizer, tmp_path: Path) -> None:
    trace = Path(written(tmp_path / "a.svg", ping_pong().end()))
    before = trace.read_bytes()
    done = visualizer("compare", SYNC, "a.svg", "-o", "a.svg", "--force")
    assert (done.returncode, done.stderr) == (2, "visualizer: 'a.svg' is the trace itself.\n")
    assert trace.read_bytes() == before


def test_along_the_switches(visualizer: Visualizer) -> None:
    lines = told(visualizer, f"{SYNC}@#-#18", f"{SYNC}@#19-#", "--axis", "switches")
    rows = {line.split()[0]: line for line in lines[18:] if line.strip()}
    assert "│+5 " in next(line for line in lines if line.startswith("switches  ") and "│" in line)
    # Of whole traces the number is that of the sentences.
    whole = told(visualizer, SYNC, SYNC, "--axis", "switches")
    assert "│#10 " in next(line for line in whole if line.startswith("switches  ") and "│" in line)
    assert "B takes 36 more switches" in "\n".join(lines)
    assert rows["task-9"].endswith("✓")


def test_two_times_and_their_difference_fit() -> None:
    def waiting(ns: int) -> Part:
        tape = Tape().spawn("g", words.GENERATOR).resume("g").at(ns)
        return Part.whole(tape.exits("g").timeline())

    for long_ns, short_ns, row in (
        (5_005_828_000, 5_000_000_000, "5.00583 s 5 s -5.83 ms about the same"),
        (5_010_000_000, 5_009_172_000, "5.01 s 5.01 s - the same"),
        (5_005_828_000, 5_004_990_000, "5.005828 s 5.00499 s -0.838 ms about the same"),
        (200_600_000_000, 200_000_000_000, "200.6 s 200 s -0.6 s about the same"),
    ):
        lines = [" ".join(line.split()) for line in figures(compare(waiting(long_ns), waiting(short_ns)))]
        assert f"time {row}" in lines
