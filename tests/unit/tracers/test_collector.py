"""The garbage collector as our own thread leaves it to the program."""

from __future__ import annotations

import gc

from visualizer.tracers.core.collector import Collector, is_turned_on, turn_on
from visualizer.tracers.core.thread_frames import all_frames


def test_our_thread_reads_frames_with_the_collector_off_while_the_program_has_it_on() -> None:
    collector = Collector()
    collector.begin()
    try:
        collector.wait(int)
        assert [*map(len, all_frames())] != [0]
        assert (is_turned_on(), gc.isenabled()) == (False, True)
    finally:
        collector.leave()
        collector.remove()
        turn_on()
