"""Small recordings with their source: the shapes of a generator, a greenlet and a gevent program, always the same."""

from __future__ import annotations

import re
from pathlib import Path

from tests.unit.analysis.tape import Tape
from visualizer.trace import events as ev
from visualizer.trace import words

HAND_OVER = '''\
"""A producer hands items to a consumer."""


def consumer():
    answer = ""
    while True:
        item = yield answer
        print(f"got {item}")
        answer = "200 OK"


def producer(c):
    next(c)
    for item in range(1, 4):
        answer = c.send(item)
    c.close()


producer(consumer())
'''

PING_PONG = """\
from greenlet import greenlet


def test1():
    print(12)
    second.switch()
    print(34)
    second.switch()
    print("never printed")


def test2():
    print(56)
    first.switch()
    print(78)


first = greenlet(test1)
second = greenlet(test2)
first.switch()
"""

SLEEPS = """\
import gevent


def foo():
    print("foo goes to sleep")
    gevent.sleep(2)
    print("foo is awake again")


def bar():
    print("bar goes to sleep")
    gevent.sleep(1)
    print("bar is awake again")


def third():
    gevent.sleep(0)


if __name__ == "__main__":
    gevent.joinall([gevent.spawn(foo), gevent.spawn(bar), gevent.spawn(third)])
"""

#: What is waited on in a line of these sources: a yield, or the last call that begins in it.
_EXPRESSION = re.compile(r"yield \w+|(?:\w+\.)?\w+\(.*\)$")
MS = 1_000_000


class Demo(Tape):
    """A tape whose places are expressions of a source."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.source = source
        self.pid = 0
        super().__init__()

    def place(self, line: int | None, function: str = "") -> int:
        if line is None:
            return words.NOTHING
        self._places += 1
        text = self.source.splitlines()[line - 1]
        found = _EXPRESSION.search(text)
        start, end = found.span() if found else (-1, -1)
        defined = re.findall(r"^def (\w+)", "\n".join(self.source.splitlines()[:line]), re.MULTILINE)
        function = function or (defined[-1] if text[:1].isspace() and defined else "<module>")
        column, end_column = (len(text[:at].encode()) if at >= 0 else -1 for at in (start, end))
        file, name = self.text(f"{self.name}.py"), self.text(function)
        self.events.append(ev.Place(self._places, file, name, line, line, column, end_column))
        return self._places

    def at_ms(self, ms: float) -> Demo:
        """The next event happens then."""
        self.at(round(ms * MS))
        return self

    @property
    def header(self) -> ev.Header:
        return ev.Header(
            words.FORMAT,
            words.VERSION,
            pid=self.pid,
            python="3.12.0",
            platform="linux",
            target=self.name,
            argv=[f"{self.name}.py", "--demo"],
            tracers={"generators": "on: sys.monitoring"},
        )

    def lines(self) -> list[bytes]:
        return [ev.encode(line) for line in (self.header, *self.events)]

    def write(self, folder: Path) -> Path:
        """Write source and trace into `folder`. Return the name of the trace, relative to it."""
        (folder / f"{self.name}.py").write_text(self.source, encoding="utf-8")
        (folder / f"{self.name}.trace").write_bytes(b"".join(self.lines()))
        return Path(f"{self.name}.trace")


def processes() -> Demo:
    """main forks two children, each of which goes on with its copy of a generator, in turn."""
    demo = Demo("hand_over", HAND_OVER)
    demo.pid = 500
    demo.at_ms(1.0).spawn("consumer", words.GENERATOR, creator=words.CURRENT)
    demo.resume("consumer", line=13).yields("consumer", "''", line=7)
    for number, key in enumerate(("first", "second")):
        demo.thread("main")
        demo.at_ms(2 + number).forks(key, pid=501 + number, parent=500).copies(f"{key}'s", "consumer")
    for ms in (4, 6):
        for number, key in enumerate(("first", "second")):
            demo.thread(key)
            demo.at_ms(ms + number).resume(f"{key}'s", words.SEND, str(ms), line=15)
            demo.yields(f"{key}'s", "'200 OK'", line=7)
    for number, key in enumerate(("first", "second")):
        demo.thread(key)
        demo.at_ms(8 + number).exits(key, value="exit code 0")
    demo.thread("main")
    demo.at_ms(10).exits("main")
    demo.end()
    return demo


def hand_over() -> Demo:
    """One `next`, three `send`, one `close`, within a millisecond."""
    demo = Demo("hand_over", HAND_OVER)
    demo.at_ms(1.0).spawn("consumer", words.GENERATOR, creator=words.CURRENT)
    demo.resume("consumer", line=13)
    demo.at_ms(1.02).yields("consumer", "''", line=7)
    for number in (1, 2, 3):
        demo.at_ms(1.0 + number / 10).resume("consumer", words.SEND, str(number), line=15)
        demo.prints(f"got {number}\n")
        demo.at_ms(1.05 + number / 10).yields("consumer", "'200 OK'", line=7)
    demo.at_ms(1.4).resume("consumer", words.CLOSE, line=16)
    demo.at_ms(1.41).exits("consumer", words.CLOSED)
    demo.at_ms(1.5).exits("main")
    demo.end()
    return demo


def ping_pong() -> Demo:
    """main, test1, test2, test1, test2, main; test1 is left behind."""
    demo = Demo("ping_pong", PING_PONG)
    demo.at_ms(3).spawn("test1", words.GREENLET, parent="main", creator=words.CURRENT, line=18)
    demo.spawn("test2", words.GREENLET, parent="main", creator=words.CURRENT, line=19)
    demo.at_ms(4).switch("main", "test1", line=20).prints("12\n")
    demo.at_ms(4.1).switch("test1", "test2", line=6).prints("56\n")
    demo.at_ms(4.2).switch("test2", "test1", line=14).prints("34\n")
    demo.at_ms(4.3).switch("test1", "test2", line=8).prints("78\n")
    demo.at_ms(4.4).exits("test2", value="None")
    demo.switch("test2", "main")
    demo.at_ms(5).exits("main")
    demo.end()
    return demo


def sleeps(code: int = 0) -> Demo:
    """foo, bar, third, third, bar, foo, woken by timers of the hub."""
    demo = Demo("sleeps", SLEEPS)
    demo.at_ms(30).spawn("hub", words.HUB, parent="main")
    for key in ("foo", "bar", "third"):
        demo.spawn(key, words.GREENLET, parent="hub", creator=words.CURRENT, line=21)
        demo.wake(key, words.CURRENT, words.SPAWN)
    demo.waits("main", words.JOIN, "joinall").switch("main", "hub", line=21)
    for key, line, seconds in (("foo", 6, 2), ("bar", 12, 1), ("third", 17, 0)):
        demo.switch("hub", key)
        if seconds:
            demo.prints(f"{key} goes to sleep\n")
        demo.waits(key, words.SLEEP, f"{seconds} s", seconds * 1000 * MS).switch(key, "hub", line=line)
    demo.at_ms(31).wake("third", "hub", words.TIMER).switch("hub", "third").exits("third", value="None")
    demo.switch("third", "hub").poll("hub", 1)
    for key, ms in (("bar", 1031.5), ("foo", 2032)):
        demo.at_ms(ms).poll("hub", 0).wake(key, "hub", words.TIMER)
        demo.switch("hub", key).prints(f"{key} is awake again\n").exits(key, value="None")
        demo.switch(key, "hub").poll("hub", 1)
    demo.at_ms(2033).poll("hub", 0).wake("main", "foo", words.FINISHED).switch("hub", "main")
    demo.at_ms(2040).exits("main")
    demo.end(code)
    return demo


HOGS = """\
import gevent


def tea():
    gevent.sleep(0.1)


def crunch():
    sum(range(10**8))
    gevent.sleep(0)


def forgotten():
    queue.get()


gevent.joinall([gevent.spawn(tea), gevent.spawn(crunch)])
"""


def hogs() -> Demo:
    """crunch runs for half a second while tea's timer is over; nobody wakes forgotten."""
    demo = Demo("hogs", HOGS)
    demo.at_ms(30).spawn("hub", words.HUB, parent="main")
    for key in ("tea", "crunch", "forgotten"):
        demo.spawn(key, words.GREENLET, parent="hub", creator=words.CURRENT, line=17)
        demo.wake(key, words.CURRENT, words.SPAWN)
    demo.waits("main", words.JOIN, "joinall").switch("main", "hub", line=17)
    demo.switch("hub", "tea").waits("tea", words.SLEEP, "0.1 s", 100 * MS).switch("tea", "hub", line=5)
    demo.switch("hub", "crunch")
    demo.at_ms(530).waits("crunch", words.SLEEP, "0 s", 0).switch("crunch", "hub", line=10)
    demo.switch("hub", "forgotten").waits("forgotten", words.QUEUE, "queue.get()").switch("forgotten", "hub", line=14)
    demo.wake("tea", "hub", words.TIMER).switch("hub", "tea").exits("tea", value="None").switch("tea", "hub")
    demo.wake("crunch", "hub", words.TIMER).switch("hub", "crunch").exits("crunch", value="None")
    demo.switch("crunch", "hub").wake("main", "crunch", words.FINISHED).switch("hub", "main")
    demo.at_ms(540).exits("main")
    demo.end()
    return demo


EVIL = "[bold red]evil[/] \x1b[31m\x1b]0;t\x07[link=file:///x]"


def hostile() -> Demo:
    """Markup and escape sequences in every text that a trace or its source may hold."""
    demo = Demo("hostile", f'x = 1  # {EVIL}\n\tyield_ = "{EVIL}"; go({EVIL!r})\n')
    demo.at_ms(1).spawn("evil", words.GREENLET, name=EVIL, parent="main", creator=words.CURRENT, line=1)
    demo.waits("main", words.SLEEP, EVIL).switch("main", "evil", value=EVIL, line=2)
    demo.prints(f"{EVIL}\n[/nothing] $x [@click=app.quit]quit[/]\n")
    demo.events.append(ev.Output(demo.t_ns, words.STDERR, f"{EVIL}\n"))
    demo.events.append(ev.Note(demo.t_ns, f"note {EVIL}"))
    demo.events.append(ev.Dropped(demo.t_ns, f"things {EVIL}", 3))
    demo.at_ms(2).exits("evil", words.RAISED, EVIL)
    demo.switch("evil", "main")
    demo.events.append(ev.Uncaught(demo.t_ns, f"Error{EVIL}", EVIL))
    demo.end(1)
    return demo


def crowd(workers: int = 100) -> Demo:
    """gevent: each worker runs for 2 ms in turn, sleeps for half a second, and does so again; one waits beside them."""
    demo = Demo("crowd", SLEEPS)
    demo.at_ms(30).spawn("hub", words.HUB, parent="main", creator="main")
    keys = [f"w{number}" for number in range(workers)]
    for key in keys:
        demo.spawn(key, words.GREENLET, name="worker", parent="hub", creator=words.CURRENT, line=21)
        demo.wake(key, words.CURRENT, words.SPAWN)
    demo.spawn("boss", words.GREENLET, parent="hub", creator=words.CURRENT, line=21)
    demo.at_ms(60).waits("main", words.JOIN, "joinall").switch("main", "hub", line=21)
    for number, key in enumerate(keys):
        demo.at_ms(100 + 3 * number).switch("hub", key)
        demo.at_ms(102 + 3 * number).waits(key, words.SLEEP, "0.5 s", 500 * MS).switch(key, "hub", line=6)
    for number, key in enumerate(keys):
        demo.at_ms(700 + 3 * number).wake(key, "hub", words.TIMER).switch("hub", key)
        demo.at_ms(702 + 3 * number).exits(key, value="None").switch(key, "hub")
    demo.at_ms(1100).wake("main", f"w{workers - 1}", words.FINISHED).switch("hub", "main")
    demo.at_ms(1110).exits("main")
    demo.end()
    return demo


PHILOSOPHERS = """\
import gevent


def anna():
    with fork, knife:
        eat()


def ben():
    with knife, fork:
        eat()


def late():
    fork.acquire()


gevent.spawn(late).join()
"""


def philosophers() -> Demo:
    """anna and ben hold what the other one waits for; late waits for the fork, main for late, guests for the door."""
    demo = Demo("philosophers", PHILOSOPHERS)
    demo.at_ms(30).spawn("hub", words.HUB, parent="main")
    guests = [f"g{number}" for number in range(20)]
    for key in ("anna", "ben", "late", *guests):
        name = "guest" if key in guests else key
        demo.spawn(key, words.GREENLET, name=name, parent="hub", creator=words.CURRENT, line=18)
        demo.wake(key, words.CURRENT, words.SPAWN)
    demo.waits("main", words.JOIN, "gevent.spawn(late).join()", thing=f"track {demo.ids['late']}")
    demo.switch("main", "hub", line=18)
    for key in guests:
        demo.switch("hub", key).waits(key, words.EVENT, "door.wait()", thing="Event 1").switch(key, "hub")
    for key, on, thing, line in (
        ("anna", "knife", "Semaphore 2", 5),
        ("ben", "fork", "Semaphore 1", 10),
        ("late", "fork.acquire()", "Semaphore 1", 15),
    ):
        demo.switch("hub", key).waits(key, words.SEMAPHORE, on, thing=thing).switch(key, "hub", line=line)
    demo.at_ms(40).tie("anna", words.HOLDS, "Semaphore 1").tie("ben", words.HOLDS, "Semaphore 2")
    demo.switch("hub", "main", "LoopExit()", words.THROW).exits("main", words.RAISED)
    demo.end(1)
    return demo


def many(tracks: int) -> Demo:
    """So many greenlets, each switched to once."""
    demo = Demo("many", PING_PONG)
    for number in range(tracks):
        demo.spawn(f"t{number}", words.GREENLET, parent="main", creator=words.CURRENT, line=18)
    for number in range(tracks):
        demo.switch("main", f"t{number}", line=20).switch(f"t{number}", "main", line=6)
    demo.exits("main")
    demo.end()
    return demo
