"""`visualizer export`: a picture of the timeline."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.conftest import Visualizer

TRACE = str(Path(__file__).parents[2] / "golden" / "ping_pong.trace")


def texts(picture: Path) -> list[str]:
    return [element.text or "" for element in ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}text")]


def test_an_svg(visualizer: Visualizer, tmp_path: Path) -> None:
    done = visualizer("export", TRACE, "-o", "out.svg")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    found = texts(tmp_path / "out.svg")
    assert found[0] == "ping_pong"
    assert [text for text in found if text in ("Time", "Switches")] == ["Time", "Switches"]


@pytest.mark.parametrize(("axis", "panels"), [("time", ["Time"]), ("switches", ["Switches"])])
def test_options(visualizer: Visualizer, tmp_path: Path, axis: str, panels: list[str]) -> None:
    options = ("--axis", axis, "--width", "900", "--theme", "dark")
    assert visualizer("export", TRACE, "-o", "OUT.SVG", *options).returncode == 0
    picture = tmp_path / "OUT.SVG"
    assert [text for text in texts(picture) if text in ("Time", "Switches")] == panels
    root = ElementTree.parse(picture).getroot()
    assert root.get("width") == "900"
    assert root.find("{http://www.w3.org/2000/svg}rect").get("fill") == "#0f141b"  # type: ignore[union-attr]


def test_from_stdin(visualizer: Visualizer, tmp_path: Path) -> None:
    with open(TRACE) as stdin:
        assert visualizer("export", "-", "-o", "out.svg", stdin=stdin).returncode == 0
    assert texts(tmp_path / "out.svg")[0] == "ping_pong"


def refused(visualizer: Visualizer, *args: str) -> str:
    done = visualizer("export", *args)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    return done.stderr


def test_what_exists_is_overwritten_only_by_force(visualizer: Visualizer, tmp_path: Path) -> None:
    picture = tmp_path / "out.svg"
    picture.write_text("mine")
    assert refused(visualizer, TRACE, "-o", "out.svg") == (
        "visualizer: 'out.svg' exists already; --force overwrites it.\n"
    )
    assert picture.read_text() == "mine"
    assert visualizer("export", TRACE, "-o", "out.svg", "--force").returncode == 0
    assert texts(picture)[0] == "ping_pong"


def test_the_trace_itself_is_not_overwritten(visualizer: Visualizer, tmp_path: Path) -> None:
    trace = tmp_path / "trace.svg"
    trace.write_bytes(Path(TRACE).read_bytes())
    assert "is the trace itself" in refused(visualizer, "trace.svg", "-o", "trace.svg", "--force")
    assert trace.read_bytes() == Path(TRACE).read_bytes()


@pytest.mark.parametrize("name", ["out.bmp", "out", ".svg.gz", "out.svg\x1b"])
def test_an_unknown_format(visualizer: Visualizer, tmp_path: Path, name: str) -> None:
    said = refused(visualizer, TRACE, "-o", name)
    assert "the name must end in .svg, " in said
    assert "\x1b" not in said
    assert list(tmp_path.iterdir()) == []


def test_bad_input_leaves_nothing_behind(visualizer: Visualizer, tmp_path: Path) -> None:
    (tmp_path / "bad.trace").write_text("hello\n")
    assert "is not a trace" in refused(visualizer, "bad.trace", "-o", "out.svg")
    assert "Cannot open the trace" in refused(visualizer, "none.trace", "-o", "out.svg")
    assert not (tmp_path / "out.svg").exists()


def test_places_that_cannot_be_written(visualizer: Visualizer, tmp_path: Path) -> None:
    (tmp_path / "folder.svg").mkdir()
    assert "is a directory" in refused(visualizer, TRACE, "-o", "folder.svg")
    assert "Cannot write 'none/out.svg': no such file or directory." in refused(visualizer, TRACE, "-o", "none/out.svg")
    assert "--output" in refused(visualizer, TRACE)


def test_a_part_with_other_names_and_another_title(visualizer: Visualizer, tmp_path: Path) -> None:
    options = ("--from", "#1", "--to", "#3", "--labels", "main=a, b,test1=Ann", "--title", "Ping", "--no-legend")
    rows = ("--tracks", "test1", "--tracks", "main", "--select", "test1")
    assert visualizer("export", TRACE, "-o", "out.svg", *options, *rows).returncode == 0
    found = texts(tmp_path / "out.svg")
    assert (found[0], found.index("Ann") < found.index("a, b")) == ("Ping", True)
    assert not {"test1", "main", "running"} & set(found)
    assert "from" in found[1]


def test_two_traces_are_compared(visualizer: Visualizer, tmp_path: Path) -> None:
    assert visualizer("export", f"{TRACE}@#1-#3", f"{TRACE}@#2-", "-o", "out.svg", "--axis", "switches").returncode == 0
    assert visualizer("compare", f"{TRACE}@#1-#3", f"{TRACE}@#2-", "-o", "c.svg", "--axis", "switches").returncode == 0
    assert (tmp_path / "out.svg").read_bytes() == (tmp_path / "c.svg").read_bytes()


def test_a_cast_has_one_axis(visualizer: Visualizer) -> None:
    assert "one axis at a time: time, switches or busy." in refused(visualizer, TRACE, "-o", "a.cast", "--axis", "both")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((TRACE, "--labels", "nobody=x"), "there is no track 'nobody'."),
        ((TRACE, "--labels", "x"), "'x' does not say what is called how"),
        ((TRACE, "--at", "#99"), "has no switch #99"),
        ((TRACE, "--from", "x"), "'x-' is no part of a trace"),
        ((f"{TRACE}@#1-", "--to", "#3"), "--from and --to are for one FILE without a part of its own."),
        ((TRACE, TRACE, TRACE), "At most two traces can be compared, not 3."),
        ((TRACE, "--aspect", "16x9"), "'16x9' is not a width to a height, such as 16:9"),
        ((TRACE, "--aspect", "4:3", "--height", "500"), "--height cannot be combined with --aspect."),
        ((TRACE, "--size", "40x10"), "'40x10' is no size of a terminal, such as 120x35, from 60x16 to 400x150."),
        ((TRACE, "--size", "80x24"), "--size has no effect on a .svg file."),
        ((TRACE, "--view", "comparison"), "the view 'comparison' shows two traces"),
    ],
)
def test_what_cannot_be_had_is_said_in_one_sentence(visualizer: Visualizer, args: tuple[str, ...], said: str) -> None:
    assert said in refused(visualizer, *args, "-o", "out.svg")


def test_an_aspect_is_refused_by_its_own_name(visualizer: Visualizer) -> None:
    said = refused(visualizer, TRACE, "--aspect", "16:9", "-o", "out.html")
    assert "--height or --aspect has no effect on a .html file." in said
