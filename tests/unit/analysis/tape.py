"""Traces written by hand: names instead of numbers, one microsecond from one event to the next."""

from __future__ import annotations

from collections.abc import Sequence

from visualizer.analysis.load.loader import Loader
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.trace.source import Line

STEP_NS = 1_000
FILE = "/src/demo.py"


def feed(timeline: Timeline, lines: Sequence[Line]) -> None:
    """Have the timeline take in these lines, behind those that it has."""
    # It goes on where it was.
    kept = vars(timeline)
    if "loader" not in kept:
        kept["loader"] = Loader(timeline)
    kept["loader"].take(lines)


class Tape:
    """The events of a program, in order. A track is called by the key it was spawned under."""

    def __init__(self) -> None:
        self.t_ns = 0
        self.events: list[ev.Event] = []
        self.ids: dict[str, int] = {}
        self._texts: dict[str, int] = {}
        self._places = 0
        self.spawn("main", words.THREAD)

    def at(self, t_ns: int) -> Tape:
        """The next event happens at `t_ns`, the one after it a step later."""
        self.t_ns = t_ns - STEP_NS
        return self

    def text(self, text: str | None) -> int:
        if text is None:
            return words.NOTHING
        if text not in self._texts:
            self._texts[text] = len(self._texts)
            self.events.append(ev.Text(self._texts[text], text))
        return self._texts[text]

    def place(self, line: int | None, function: str = "") -> int:
        if line is None:
            return words.NOTHING
        self._places += 1
        self.events.append(ev.Place(self._places, self.text(FILE), self.text(function or "run"), line, line, 4, 12))
        return self._places

    def _tick(self) -> int:
        self.t_ns += STEP_NS if self.events else 0
        return self.t_ns

    def _id(self, key: str | int) -> int:
        return key if isinstance(key, int) else self.ids[key]

    def spawn(
        self, key: str, kind: str, name: str | None = None, parent: str | int = -1, creator: str | int = -1,
        line: int | None = None,
    ) -> Tape:
        t_ns = self._tick()
        self.ids[key] = len(self.ids)
        named = self.text(name or key)
        place = self.place(line)
        self.events.append(
            ev.Spawn(t_ns, self.ids[key], kind, named, self._id(parent), self._id(creator), place)
        )
        return self

    def forks(self, key: str, by: str = "main", pid: int = 77, parent: int = 70) -> Tape:
        """A child begins, with the main thread `key`."""
        t_ns = self._tick()
        self.ids[key] = len(self.ids)
        self.events.append(ev.Process(t_ns, self.ids[key], pid, parent, self.ids[by]))
        spawned = self.ids[key], words.THREAD, self.text(key), words.NOBODY, self.ids[by], self.place(None)
        self.events.append(ev.Spawn(t_ns, *spawned))
        return self

    def copies(self, key: str, of: str) -> Tape:
        t_ns = self._tick()
        self.ids[key] = len(self.ids)
        self.events.append(ev.Copy(t_ns, self.ids[key], self.ids[of]))
        return self

    def rename(self, key: str, name: str) -> Tape:
        self.events.append(ev.Name(self._tick(), self.ids[key], self.text(name)))
        return self

    def serves(self, key: str, what: str | None, local: str | None = None, peer: str | None = None) -> Tape:
        ends = self.text(local), self.text(peer)
        self.events.append(ev.Serves(self._tick(), self.ids[key], self.text(what), *ends))
        return self

    def counts(self, key: str, thing: str, count: int) -> Tape:
        self.events.append(ev.Size(self._tick(), self.ids[key], self.text(thing), count))
        return self

    def marks(self, key: str, text: str, line: int | None = None) -> Tape:
        t_ns, place = self._tick(), self.place(line)
        self.events.append(ev.Mark(t_ns, self.ids[key], self.text(text), place))
        return self

    def thread(self, key: str) -> Tape:
        self.events.append(ev.Thread(self._tick(), self.ids[key]))
        return self

    def resume(self, key: str, cause: str = words.NEXT, value: str | None = None, line: int | None = None) -> Tape:
        self.events.append(ev.Resume(self._tick(), self.ids[key], cause, self.text(value), self.place(line)))
        return self

    def yields(self, key: str, value: str | None = None, line: int | None = None) -> Tape:
        self.events.append(ev.Yield(self._tick(), self.ids[key], self.text(value), self.place(line)))
        return self

    def switch(
        self, origin: str | int, target: str | int, value: str | None = None, cause: str = words.SWITCH,
        line: int | None = None,
    ) -> Tape:
        t_ns = self._tick()
        crossing, place = self.text(value), self.place(line)
        self.events.append(ev.Switch(t_ns, self._id(origin), self._id(target), cause, crossing, place))
        return self

    def waits(self, key: str, reason: str, on: str | None = None, asked_ns: int = -1, thing: str | None = None) -> Tape:
        """At the time of the event that follows."""
        asked = self.text(on), asked_ns, self.text(thing)
        self.events.append(ev.Wait(self.t_ns + STEP_NS, self.ids[key], reason, *asked))
        return self

    def waits_for_socket(self, key: str, on: str, direction: str, local: str, peer: str, fd: int = 6) -> Tape:
        """At the time of the event that follows."""
        asked = self.text(on), -1, words.NOTHING, fd, direction, self.text(local), self.text(peer)
        self.events.append(ev.Wait(self.t_ns + STEP_NS, self.ids[key], words.IO, *asked))
        return self

    def waits_for_connection(self, key: str, on: str, direction: str, connection: str) -> Tape:
        """The same of a wait that a row tells."""
        asked = self.text(on), -1, self.text(connection), -1, direction
        self.events.append(ev.Wait(self.t_ns + STEP_NS, self.ids[key], words.IO, *asked))
        return self

    def parks(self, track: str | int = words.CURRENT, line: int | None = None) -> Tape:
        t_ns, place = self._tick(), self.place(line)
        self.events.append(ev.Park(t_ns, self._id(track), place))
        return self

    def unparks(self, track: str | int = words.CURRENT) -> Tape:
        self.events.append(ev.Unpark(self._tick(), self._id(track)))
        return self

    def lists(self, source: str) -> Tape:
        """The trace carries this as the source of FILE."""
        self.events.append(ev.Listing(self.text(FILE), source))
        return self

    def tie(self, key: str, relation: str, thing: str) -> Tape:
        """At the time of the event that follows."""
        self.events.append(ev.Tie(self.t_ns + STEP_NS, self.ids[key], relation, self.text(thing)))
        return self

    def wake(self, key: str, waker: str | int, cause: str) -> Tape:
        self.events.append(ev.Wake(self._tick(), self.ids[key], self._id(waker), cause))
        return self

    def exits(
        self, key: str, outcome: str = words.RETURNED, value: str | None = None, inferred: str | None = None
    ) -> Tape:
        t_ns = self._tick()
        shown, why = self.text(value), self.text(inferred)
        self.events.append(ev.Exit(t_ns, self.ids[key], outcome, shown, why))
        return self

    def poll(self, key: str, polling: int) -> Tape:
        self.events.append(ev.Poll(self._tick(), self.ids[key], polling))
        return self

    def idle(self, idle: int, track: str | int = words.CURRENT) -> Tape:
        """The track that runs was found to use no processor time from now on (1), or no longer (0)."""
        self.events.append(ev.Idle(self._tick(), self._id(track), idle))
        return self

    def sample(
        self, line: int, count: int = 1, track: str | int = words.CURRENT, function: str = "", called: int | None = None
    ) -> Tape:
        """The track that runs was seen there, in a function that was called at line `called`."""
        t_ns, place = self._tick(), self.place(line, function)
        self.events.append(ev.Sample(t_ns, self._id(track), place, count, self.place(called)))
        return self

    def prints(self, text: str, stream: str = words.STDOUT) -> Tape:
        self.events.append(ev.Output(self._tick(), stream, text))
        return self

    def end(self, code: int = 0, signal: int = 0) -> Tape:
        self.events.append(ev.End(self._tick(), code, signal))
        return self

    def timeline(self) -> Timeline:
        timeline = Timeline()
        feed(timeline, self.events)
        return timeline

    def states(self, timeline: Timeline, key: str) -> list[tuple[int, str]]:
        """The slices of a track: in which microsecond each begins, and its state."""
        slices = timeline.tracks[self.ids[key]].slices
        return [(t_ns // STEP_NS, State(state).name) for t_ns, state in zip(slices.start_ns, slices.state, strict=True)]


def ping_pong() -> Tape:
    """main → test1 → test2 → test1 → test2 → main; test1 is never resumed."""
    tape = Tape()
    tape.spawn("test1", words.GREENLET, parent="main").switch("main", "test1", "'x'", line=9)
    tape.spawn("test2", words.GREENLET, parent="main").switch("test1", "test2", line=2)
    tape.switch("test2", "test1", line=6).switch("test1", "test2", line=4)
    return tape.exits("test2", value="None").switch("test2", "main")


def producer_consumer() -> Tape:
    """One `next`, two `send`, one `close`."""
    tape = Tape()
    tape.spawn("consumer", words.GENERATOR, creator=words.CURRENT, line=20)
    tape.resume("consumer", line=10).yields("consumer", "''", line=3)
    for number in (1, 2):
        tape.resume("consumer", words.SEND, str(number), line=12).yields("consumer", "'200 OK'", line=3)
    return tape.resume("consumer", words.CLOSE, line=14).exits("consumer", words.CLOSED)


def sleeps() -> Tape:
    """gevent: foo sleeps for 2 s, bar gives way, main joins both."""
    tape = Tape()
    tape.spawn("hub", words.HUB, parent="main")
    for key in ("foo", "bar"):
        tape.spawn(key, words.GREENLET, parent="hub", creator=words.CURRENT, line=30)
        tape.wake(key, words.CURRENT, words.SPAWN)
    tape.waits("main", words.JOIN, "gevent.joinall(all)").switch("main", "hub", line=31)
    tape.switch("hub", "foo").waits("foo", words.SLEEP, "2 s", 2_000_000_000).switch("foo", "hub", line=18)
    tape.switch("hub", "bar").waits("bar", words.SLEEP, "0 s", 0).switch("bar", "hub", line=24)
    tape.at(tape.t_ns).wake("bar", "hub", words.TIMER)
    tape.switch("hub", "bar").exits("bar", value="None").switch("bar", "hub")
    tape.poll("hub", 1)
    suspended_ns = next(e.t_ns for e in tape.events if isinstance(e, ev.Switch) and e.origin == tape.ids["foo"])
    late_ns = 300_000
    tape.at(suspended_ns + 2_000_000_000 + late_ns - STEP_NS).poll("hub", 0)
    tape.wake("foo", "hub", words.TIMER).switch("hub", "foo").exits("foo", value="None").switch("foo", "hub")
    tape.wake("main", "foo", words.FINISHED).switch("hub", "main")
    return tape.exits("main").end()
