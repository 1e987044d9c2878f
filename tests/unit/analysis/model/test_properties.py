"""The model against a simulated scheduler, which knows at each moment what each track does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.soak import examples
from tests.unit.analysis.tape import STEP_NS, Tape, feed
from visualizer.analysis.model.timeline import FINAL, SUMMED, Entry, State, Timeline
from visualizer.analysis.report.jsonl import records
from visualizer.analysis.report.statistics import statistics
from visualizer.analysis.text.all_sentences import AllSentences
from visualizer.analysis.text.sentences import describe_state, sentence, sentence_before_first
from visualizer.trace import events as ev
from visualizer.trace import words


class Simulation:
    """Threads with greenlets with generators. `state` is what the model must say after each step."""

    def __init__(self) -> None:
        self.tape = Tape()
        self.state: dict[str, State] = {"main": State.RUNNING}
        self.strands: dict[str, list[str]] = {"main": ["main"]}
        self.thread = "main"
        self.active = {"main": "main"}
        self.home = {"main": "main"}
        self.generators: list[str] = []
        self.count = 0
        #: Track and line of each sample.
        self.samples: list[tuple[str, int]] = []

    @property
    def strand(self) -> list[str]:
        return self.strands[self.active[self.thread]]

    def new(self, kind: str, state: State) -> str:
        self.count += 1
        key = f"{kind}{self.count}"
        self.tape.spawn(key, kind, name=f"{kind}{self.count % 3}", creator=words.CURRENT)
        self.state[key] = state
        return key

    def free(self) -> list[str]:
        """Generators that can be resumed."""
        busy = {track for strand in self.strands.values() for track in strand}
        return [key for key in self.generators if key not in busy and self.state[key] not in FINAL]

    def siblings(self) -> list[str]:
        """Other living strands of this thread."""
        return [
            key for key in self.strands
            if self.home[key] == self.thread and key != self.active[self.thread] and self.state[key] not in FINAL
        ]

    def step(self, action: int, choice: int) -> None:
        kind = (
            "thread", "greenlet", "generator", "resume", "yield", "exit", "switch", "wake", "switch", "resume",
            "sample",
        )[action]
        getattr(self, f"do_{kind}")(choice)

    def do_thread(self, choice: int) -> None:
        if len(self.active) < 3:
            key = self.new(words.THREAD, State.RUNNING)
            self.strands[key], self.active[key], self.home[key] = [key], key, key
            self.thread = key
        else:
            self.thread = list(self.active)[choice % len(self.active)]
            self.tape.thread(self.thread)

    def do_greenlet(self, choice: int) -> None:
        key = self.new(words.GREENLET, State.CREATED)
        self.strands[key], self.home[key] = [key], self.thread

    def do_generator(self, choice: int) -> None:
        self.generators.append(self.new(words.GENERATOR, State.CREATED))

    def do_resume(self, choice: int) -> None:
        free = self.free()
        if free:
            key = free[choice % len(free)]
            cause = (words.NEXT, words.SEND, words.THROW, words.CLOSE)[choice % 4]
            self.tape.resume(key, cause, "1" if cause == words.SEND else None, line=choice + 1)
            self.state[self.strand[-1]] = State.WAITING
            self.strand.append(key)
            self.state[key] = State.RUNNING

    def do_yield(self, choice: int) -> None:
        if len(self.strand) > 1:
            key = self.strand.pop()
            self.tape.yields(key, "'x'", line=3)
            self.state[key] = State.WAITING
            self.state[self.strand[-1]] = State.RUNNING

    def do_exit(self, choice: int) -> None:
        outcome = words.OUTCOMES[choice % 5]
        ends = {words.RAISED: State.FAILED, words.KILLED: State.STOPPED, words.CANCELLED: State.STOPPED}
        final = ends.get(outcome, State.DONE)
        key = self.strand[-1]
        if len(self.strand) > 1:
            self.tape.exits(key, outcome, "5")
            self.state[self.strand.pop()] = final
            self.state[self.strand[-1]] = State.RUNNING
        elif self.siblings() and key not in self.active:
            self.tape.exits(key, outcome, "5")
            self.state[key] = final
            self.switch_to(self.siblings()[choice % len(self.siblings())], None)

    def do_switch(self, choice: int) -> None:
        others = self.siblings()
        if others:
            top = self.strand[-1]
            if choice % 3 == 0:
                self.tape.waits(self.active[self.thread], words.SLEEP, "2 s", 2_000_000_000)
            self.state[top] = State.WAITING
            self.switch_to(others[choice % len(others)], choice)

    def do_sample(self, choice: int) -> None:
        self.tape.sample(line=choice + 1)
        self.samples.append((self.strand[-1], choice + 1))

    def switch_to(self, target: str, line: int | None) -> None:
        self.tape.switch(self.active[self.thread], target, line=line)
        self.active[self.thread] = target
        self.state[self.strand[-1]] = State.RUNNING

    def do_wake(self, choice: int) -> None:
        others = self.siblings()
        if others:
            woken = others[choice % len(others)]
            self.tape.wake(woken, words.CURRENT, (words.TIMER, words.CALLBACK)[choice % 2])
            top = self.strands[woken][-1]
            self.state[top] = State.READY


ACTIONS = st.lists(st.tuples(st.integers(0, 10), st.integers(0, 20)), max_size=60)


@given(ACTIONS)
def test_the_model_says_what_the_scheduler_did(actions: list[tuple[int, int]]) -> None:
    simulation = Simulation()
    tape = simulation.tape
    timeline = Timeline()
    fed = 0
    for action, choice in actions:
        simulation.step(action, choice)
        feed(timeline, tape.events[fed:])
        fed = len(tape.events)
        assert {key: timeline.tracks[tape.ids[key]].state for key in simulation.state} == simulation.state
    check(timeline)
    samples = timeline.samples
    lines = [place.line for number in samples.place if (place := timeline.place(number)) is not None]
    assert list(zip(samples.track, lines, strict=True)) == [(tape.ids[key], line) for key, line in simulation.samples]
    running = [track for track in timeline.tracks.values() if track.state == State.RUNNING]
    assert len(running) == len(simulation.active) if actions else not running


@given(ACTIONS)
def test_one_stack_makes_one_chain_of_switches(actions: list[tuple[int, int]]) -> None:
    simulation = Simulation()
    for action, choice in actions:
        if action:
            simulation.step(action, choice)
    timeline = simulation.tape.timeline()
    switches = [timeline.switch(index) for index in range(timeline.switch_count)]
    running = simulation.tape.ids["main"]
    for switch in switches:
        assert switch.origin == running
        running = switch.target


def check(timeline: Timeline) -> None:
    """What holds for every trace."""
    last_ns = timeline.last_ns
    for track in timeline.tracks.values():
        slices = track.slices
        starts = list(slices.start_ns)
        assert starts == sorted(starts)
        assert len(starts) == len(slices.state) == len(slices.about)
        ends = [*starts[1:], max(last_ns, *starts[-1:])]
        for state in SUMMED:
            lasted = [
                end - start for start, end, of in zip(starts, ends, slices.state, strict=True) if of == state
            ]
            assert slices.spent_ns(state, ends[-1]) == sum(lasted)
            half_ns = starts[len(starts) // 2]
            until_half = [
                min(end, half_ns) - min(start, half_ns)
                for start, end, of in zip(starts, ends, slices.state, strict=True)
                if of == state
            ]
            assert slices.spent_ns(state, half_ns) == sum(until_half)
        for step in track.steps:
            index = track.slice_of_step(step)
            assert (slices.state[index], slices.about[index]) == (State.RUNNING, step)
    assert list(timeline.switch_ns) == sorted(timeline.switch_ns)
    counted = dict.fromkeys(Entry, 0)
    previous_ns = None
    for t_ns, entry, index in timeline.order():
        assert previous_ns is None or t_ns >= previous_ns
        previous_ns = t_ns
        counted[entry] += 1
        assert index >= 0
    assert counted == {
        Entry.SPAWN: len(timeline.spawns),
        Entry.SWITCH: timeline.switch_count,
        Entry.SUSPENSION: len(timeline.suspensions),
        Entry.WAKEUP: len(timeline.wakeups),
        Entry.EXIT: len(timeline.exits),
        Entry.OUTPUT: len(timeline.outputs),
        Entry.REMARK: len(timeline.remarks),
        Entry.SAMPLE: len(timeline.samples),
    }


IDS = st.integers(-2, 5)
TIMES = st.integers(-3, 20).map(lambda n: n * STEP_NS) | st.integers(-(2**61), 2**61)
WORDS = st.sampled_from(
    [
        *words.KINDS, *words.OUTCOMES, words.NEXT, words.SEND, words.THROW, words.CLOSE, words.SWITCH, words.SLEEP,
        words.JOIN, words.UNKNOWN, words.TIMER, words.FINISHED, words.IO, words.SPAWN, words.CALLBACK,
    ]
) | st.text(max_size=3)
NUMBERS = IDS | TIMES
EVENTS = st.one_of(
    st.builds(ev.Text, IDS, WORDS),
    st.builds(ev.Place, IDS, IDS, IDS, NUMBERS),
    st.builds(ev.Spawn, TIMES, IDS, WORDS, IDS, IDS, IDS, IDS),
    st.builds(ev.Name, TIMES, IDS, IDS),
    st.builds(ev.Resume, TIMES, IDS, WORDS, IDS, IDS),
    st.builds(ev.Yield, TIMES, IDS, IDS, IDS),
    st.builds(ev.Switch, TIMES, IDS, IDS, WORDS, IDS, IDS),
    st.builds(ev.Wait, TIMES, IDS, WORDS, IDS, NUMBERS),
    st.builds(ev.Wake, TIMES, IDS, IDS, WORDS),
    st.builds(ev.Exit, TIMES, IDS, WORDS, IDS, IDS),
    st.builds(ev.Poll, TIMES, IDS, IDS),
    st.builds(ev.Idle, TIMES, IDS, IDS),
    st.builds(ev.Delayed, TIMES, IDS, IDS, TIMES, TIMES, TIMES),
    st.builds(ev.Output, TIMES, WORDS, WORDS, IDS),
    st.builds(ev.Sample, TIMES, IDS, IDS, IDS),
    st.builds(ev.Thread, TIMES, IDS),
    st.builds(ev.Note, TIMES, WORDS),
    st.builds(ev.Held, TIMES, TIMES),
    st.builds(ev.Continued, TIMES, TIMES),
    st.builds(ev.Dropped, TIMES, WORDS, IDS),
    st.builds(ev.Uncaught, TIMES, WORDS, WORDS),
    st.builds(ev.End, TIMES, IDS, IDS),
)


@examples(20)
@given(st.lists(EVENTS, max_size=40))
def test_no_sequence_of_events_breaks_the_model(events: list[ev.Event]) -> None:
    timeline = Timeline()
    feed(timeline, events)
    check(timeline)
    list(records(timeline))
    statistics(timeline)
    sentences = [sentence(timeline, index) for index in range(timeline.switch_count)]
    if sentences:
        assert AllSentences(timeline).said(0, len(sentences)) == sentences
    for text in [sentence_before_first(timeline), *sentences]:
        assert text.isprintable()
    for track in timeline.tracks:
        for t_ns in (-1, timeline.last_ns // 2, timeline.last_ns):
            assert describe_state(timeline, track, t_ns).isprintable()
