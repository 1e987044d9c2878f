"""Random programs that nest: generators inside generators inside greenlets, on several threads, that begin, wait, are
woken early and late, take turns, and end. Now and then a line is lost."""

from __future__ import annotations

import random

from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.trace.source import Line

TEXTS = ("None", "1", "track 2", "tracks 2, 3", "Event 1")
#: Long enough for a hub to be blocked.
_LONG_NS = 150_000_000


class Program:
    """Makes up a program's lines as it goes on: what could happen next is known from what has happened."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[Line] = [ev.Text(number, text) for number, text in enumerate(TEXTS)]
        self.lines += [ev.Place(number, 0, 0, 10 + number % 3) for number in range(4)]
        self.definitions = len(self.lines)
        self.t_ns = 0
        self.tracks = 0
        #: Of each thread: its greenlets, itself and its hub among them, and which of them is current; of each of these,
        #: its stack. Generators that can be resumed.
        self.greenlets: dict[int, list[int]] = {}
        self.current: dict[int, int] = {}
        self.stacks: dict[int, list[int]] = {}
        self.suspended: list[int] = []
        self.hubs: dict[int, int] = {}
        self.thread = -1
        self.begin_thread()

    def tick(self) -> int:
        self.t_ns += self.random.choice((0, 1, 1, 2, 5, 20)) if self.random.random() < 0.97 else _LONG_NS
        return self.t_ns

    def chance(self, part: float) -> bool:
        return self.random.random() < part

    def say(self, line: Line) -> None:
        self.lines.append(line)

    def value(self) -> int:
        return self.random.randrange(-1, len(TEXTS))

    def place(self) -> int:
        return self.random.randrange(-1, 3)

    @property
    def stack(self) -> list[int]:
        return self.stacks[self.current[self.thread]]

    def spawn(self, kind: str, parent: int = words.NOBODY) -> int:
        track, self.tracks = self.tracks, self.tracks + 1
        creator = self.random.choice((words.CURRENT, words.NOBODY))
        self.say(ev.Spawn(self.tick(), track, kind, self.random.randrange(len(TEXTS)), parent, creator, self.place()))
        return track

    def begin_thread(self) -> None:
        self.thread = track = self.spawn(words.THREAD)
        self.greenlets[track], self.current[track], self.stacks[track] = [track], track, [track]

    def go_to_thread(self) -> None:
        if len(self.greenlets) < 3 and self.chance(0.4):
            self.begin_thread()
        else:
            self.thread = self.random.choice(list(self.greenlets))
            self.say(ev.Thread(self.tick(), self.thread))

    def begin(self) -> None:
        if self.chance(0.7):
            self.suspended.append(self.spawn(self.random.choice((words.GENERATOR, words.COROUTINE))))
            return
        hub = self.hubs.get(self.thread, words.NOBODY)
        track = self.spawn(words.HUB if hub < 0 else words.GREENLET, self.thread if hub < 0 else hub)
        self.stacks[track] = [track]
        self.greenlets[self.thread].append(track)
        self.hubs.setdefault(self.thread, track)
        if hub >= 0 and self.chance(0.7):
            self.say(ev.Wake(self.tick(), track, words.CURRENT, words.SPAWN))

    def resume(self) -> None:
        if self.suspended and len(self.stack) < 7:
            track = self.suspended.pop(self.random.randrange(len(self.suspended)))
            cause = self.random.choice((words.NEXT, words.NEXT, words.SEND, words.THROW, words.CLOSE))
            self.say(ev.Resume(self.tick(), track, cause, self.value(), self.place()))
            self.stack.append(track)

    def give(self) -> None:
        if len(self.stack) > 1:
            self.suspended.append(self.stack.pop())
            self.say(ev.Yield(self.tick(), self.suspended[-1], self.value(), self.place()))

    def take_turns(self) -> None:
        """A scheduler: one place resumes generators again and again."""
        tracks = self.suspended[-3:]
        for _ in range(self.random.randrange(6) if len(tracks) > 1 else 0):
            track = self.random.choice(tracks)
            self.say(ev.Resume(self.tick(), track, words.NEXT, -1, 2))
            self.say(ev.Yield(self.tick(), track, self.random.choice((0, 0, 1)), self.place()))

    def end(self) -> None:
        outcome = self.random.choice(words.OUTCOMES)
        track, hub = self.stack[-1], self.hubs.get(self.thread, words.NOBODY)
        if len(self.stack) > 1:
            self.stack.pop()
            self.say(ev.Exit(self.tick(), track, outcome, self.value()))
        elif self.suspended and self.chance(0.3):
            self.say(ev.Exit(self.tick(), self.suspended.pop(), words.CLOSED, -1, 1))
        elif track not in (self.thread, hub):
            self.say(ev.Exit(self.tick(), track, outcome, self.value()))
            self.say(ev.Switch(self.tick(), self.random.choice((track, words.CURRENT)), hub, words.SWITCH, -1, -1))
            self.greenlets[self.thread].remove(track)
            self.current[self.thread] = hub

    def switch(self) -> None:
        bottom = self.current[self.thread]
        others = [track for track in self.greenlets[self.thread] if track != bottom]
        if not others:
            return
        if self.chance(0.6):
            reason, asked_ns = self.random.choice((words.SLEEP, words.EVENT)), self.random.choice((-1, 0, 50))
            whose = self.random.choice((words.CURRENT, bottom))
            self.say(ev.Wait(self.tick(), whose, reason, 1, asked_ns, self.value()))
        if self.chance(0.3) and bottom != self.hubs.get(self.thread):
            self.say(ev.Wake(self.tick(), bottom, words.CURRENT, words.CALLBACK))
        target, origin = self.random.choice(others), self.random.choice((bottom, words.CURRENT))
        self.say(ev.Switch(self.tick(), origin, target, words.SWITCH, self.value(), self.place()))
        self.current[self.thread] = target

    def park(self) -> None:
        """It waits in a call, now and then while another thread goes on."""
        if self.chance(0.7):
            self.say(ev.Wait(self.tick(), words.CURRENT, words.LOCK, 1, self.random.choice((-1, 50)), self.value()))
        self.say(ev.Park(self.t_ns, words.CURRENT, self.place()))
        thread = self.thread
        if self.chance(0.5):
            self.go_to_thread()
            self.note()
            self.thread = thread
            self.say(ev.Thread(self.tick(), thread))
        if self.chance(0.8):
            self.say(ev.Wake(self.tick(), words.CURRENT, self.random.choice((0, words.NOBODY)), words.CALLBACK))
        self.say(ev.Unpark(self.tick(), words.CURRENT))

    def wake(self) -> None:
        some = [track for tracks in self.greenlets.values() for track in tracks if track not in self.hubs.values()]
        track = self.random.choice(some)
        self.say(ev.Wake(self.tick(), track, self.random.choice((words.NOBODY, words.CURRENT)), words.TIMER))
        if self.chance(0.3):
            self.say(ev.Unready(self.tick(), track))

    def note(self) -> None:
        track = self.random.randrange(self.tracks)
        self.say(
            self.random.choice((
                ev.Poll(self.tick(), self.hubs.get(self.thread, 0), self.random.randrange(2)),
                ev.Idle(self.tick(), words.CURRENT, self.random.randrange(2)),
                ev.Sample(self.t_ns, words.CURRENT, self.random.randrange(5)),
                ev.Output(self.t_ns, words.STDOUT, "hello"),
                ev.Name(self.t_ns, track, self.random.randrange(len(TEXTS))),
                ev.Dropped(-1, "lines", 1),
                ev.Wait(self.t_ns, words.CURRENT, words.LOCK, 1, 50),
            ))
        )

    def step(self) -> None:
        steps = (
            self.resume, self.give, self.begin, self.end, self.switch, self.wake, self.note, self.take_turns,
            self.go_to_thread, self.park,
        )
        self.random.choices(steps, (9, 8, 4, 3, 6, 3, 3, 1, 2, 2))[0]()


def program(seed: int, steps: int = 40, lose: int = 0) -> list[Line]:
    """The lines of a program; `lose` of them are missing."""
    made = Program(seed)
    for _ in range(steps):
        made.step()
    made.say(ev.End(made.tick(), 0, 0))
    for _ in range(min(lose, len(made.lines) - made.definitions - 1)):
        del made.lines[made.random.randrange(made.definitions + 1, len(made.lines))]
    return made.lines
