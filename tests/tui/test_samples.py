"""Where a track was seen that ran on: beside its source, in its line, in the finding, and for whoever points at it."""

from __future__ import annotations

from collections.abc import Callable

from tests.tui.conftest import loaded, text_of
from tests.tui.traces import Demo
from visualizer.trace import words
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.timeline import TimelineScreen
from visualizer.tui.widgets.source import SourcePane

Replay = Callable[[Demo], VisualizerApp]
CRUNCH = """\
def crunch():
    total = 0
    for number in range(10**7):
        total += number
        total %= 97
    gevent.sleep(0)


gevent.joinall([gevent.spawn(tea), gevent.spawn(crunch)])
"""


def sampled(source: str = CRUNCH, away: str | None = None) -> Demo:
    """crunch runs from 30 to 530 ms, and is seen at line 4, and once at line 5."""
    demo = Demo("crunch", source)
    demo.at_ms(30).spawn("hub", words.HUB, parent="main")
    demo.spawn("crunch", words.GREENLET, parent="hub", creator=words.CURRENT, line=9)
    demo.spawn("tea", words.GREENLET, parent="hub", creator=words.CURRENT, line=9)
    demo.waits("main", words.JOIN, "joinall").switch("main", "hub", line=9).switch("hub", "crunch")
    for ms, line, count in ((80, 4, 1), (105, 4, 1), (155, 4, 2), (180, 5, 1), (205, 4, 1), (405, 4, 8)):
        if away is not None:
            demo.name = away
        demo.at_ms(ms).sample(line, count)
        demo.name = "crunch"
    demo.at_ms(530).waits("crunch", words.SLEEP, "0 s", 0).switch("crunch", "hub", line=6)
    demo.at_ms(540).end()
    return demo


def pane(screen: TimelineScreen) -> list[str]:
    """The title and the lines of the running track's source, as far as there are any."""
    source = screen.query_one("#running", SourcePane)
    lines = [source.render_line(y).text.rstrip() for y in range(source.size.height)]
    return [line for line in lines if line]


async def test_the_line_nearest_the_playhead_is_marked_and_others_have_a_dot(replay: Replay) -> None:
    app = replay(sampled())
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)

        async def at(ms: float) -> tuple[str, list[str]]:
            screen.view.go_to_time(round(ms * 1e6))
            screen.query_one("#running", SourcePane).show()
            await pilot.pause()
            title, *lines = pane(screen)
            return " ".join(title.split()), [line.split()[0] for line in lines if not line[0].isspace()]

        assert await at(31) == ("█ crunch starts; sampled at line 4 crunch.py:1", ["▶1", "•4", "•5"])
        assert await at(60) == ("█ crunch sampled here crunch.py:4", ["▶4", "•5"])
        assert await at(170) == ("█ crunch sampled here crunch.py:5", ["•4", "▶5"])
        assert await at(300) == ("█ crunch sampled here crunch.py:4", ["▶4", "•5"])
        # Its hub runs, which was not seen.
        assert (await at(531))[1] == []


async def test_seen_in_another_file(replay: Replay) -> None:
    app = replay(sampled(away="library"))
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        screen.view.go_to_time(31_000_000)
        screen.query_one("#running", SourcePane).show()
        title, *lines = pane(screen)
        assert " ".join(title.split()).startswith("█ crunch starts; sampled at library.py:4")
        assert [line for line in lines if line.startswith("•")] == []
        screen.view.go_to_time(200_000_000)
        screen.query_one("#running", SourcePane).show()
        assert pane(screen)[1].startswith(" The source is not on this machine: library.py")


async def test_the_selected_tracks_line_and_the_finding_name_it(replay: Replay) -> None:
    """Two keys from opening: the findings, and there it stands."""
    app = replay(sampled())
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("4")
        await pilot.pause()
        while "Looking for problems" in text_of(screen):
            await pilot.pause()
        told = " ".join(part for line in text_of(screen).splitlines() for part in line[60:].split())
        assert "sampled at crunch.py:4" not in told
        assert "mostly at crunch.py:4 " in told
        assert "(13 of 14 samples, one every 25 ms), until it yielded at crunch.py:6" in told
        screen.view.go_to_time(200_000_000)
        screen.view.select_track(2)
        screen.show_panes()
        await pilot.pause()
        assert "crunch has been running for 0.17 s, last seen at crunch.py:5 (sampled)" in text_of(screen)


async def test_in_ascii_the_mark_is_a_star(replay: Replay) -> None:
    app = replay(sampled())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        screen.view.ascii = True
        screen.view.go_to_time(170_000_000)
        source = screen.query_one("#running", SourcePane)
        source.show()
        marks = {line.split()[0] for line in pane(screen)[1:] if not line[0].isspace()}
        assert marks == {"*4", ">5"}
