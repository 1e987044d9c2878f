"""How one gets about on the timeline: jumps, and the way back from them. The keys are those of `keys.NAVIGATION`."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from textual import on

from visualizer.analysis.explore.causes import Standpoint, led_to, standpoint, why
from visualizer.analysis.explore.jumps import Moments, What, jump, moments, moments_of, within
from visualizer.analysis.explore.search import Search, for_line, for_text
from visualizer.analysis.explore.targets import EXPECTED, Clock, Number, Time, goal, there_are
from visualizer.analysis.findings import Finding
from visualizer.analysis.model.timeline import Timeline
from visualizer.paint.axis.times import by_the_clock, time_of_clock
from visualizer.tui import messages
from visualizer.tui.actions.feedback import Feedback
from visualizer.tui.keys import NAVIGATION, SPANS
from visualizer.tui.widgets.prompt import Prompt

#: Time for which a search may keep the screen waiting; so many entries are looked at between two looks at the clock.
_SEARCH_S = 0.02
_AT_ONCE = 500
_FOR_EVER_NS = 1 << 62


def _word(what: What) -> str:
    """How it is called on the screen."""
    return {What.WAKE: "wakeup", What.FINDING: "problem"}.get(what, str(what))


class Navigating(Feedback):
    """What these keys do."""

    prompt: Prompt

    def __init__(self) -> None:
        super().__init__()
        #: Jumps go only to what concerns the selected track or group.
        self.only_selected = False
        #: What the last jump came to: of which kind, and its number.
        self._landed: tuple[What, int] | None = None
        #: For each link of a causal chain: its message, and where it led.
        self._chain: list[tuple[str, Standpoint]] = []
        #: The search, the number of the last hit gone to, and whether no hit was gone to yet.
        self._search: Search | None = None
        self._looked_for: Callable[[Timeline], Search] | None = None
        self._hit = -1
        self._wants_first = False
        #: Whether everything has been searched; and the message about the last hit gone to.
        self._complete = True
        self._hit_lines: list[str] = []

    def focus_front(self) -> None:
        """Focus what is above the sentence."""
        raise NotImplementedError

    async def findings(self) -> list[Finding]:
        """The problems found so far, in order of time."""
        raise NotImplementedError

    # Jumps.

    async def action_jump(self, what: str, by: int) -> None:
        kind = What(what)
        self._jump(kind, within(await self._moments(kind), *self.view.between_ns), by)

    async def _moments(self, what: What) -> Moments:
        if what is What.FINDING:
            return moments_of(await self.findings())
        return moments(self.view.timeline, what)

    def _jump(self, what: What, of: Moments, by: int) -> None:
        view = self.view
        at = self._landed[1] if self._landed is not None and self._landed[0] is what else None
        tracks: Collection[int] | None = frozenset(view.selected_tracks) if self.only_selected else None
        index = jump(of, view.playhead.t_ns, by, tracks=tracks, at=at)
        whose = " of the selected track" if self.only_selected else ""
        again = ""
        if index is None and what is What.FINDING:
            # As in a search: behind the last comes the first.
            index = jump(of, -1 if by > 0 else _FOR_EVER_NS, by, tracks=tracks)
            again = f" (from the {'first' if by > 0 else 'last'} again)"
        if index is None:
            back = jump(of, view.playhead.t_ns, -by, tracks=tracks, at=at) is not None
            way = f": {self._key_of(what, -by)} goes to the {'previous' if by > 0 else 'next'} one" if back else ""
            if of.length:
                self.deny(f"No {'further' if by > 0 else 'earlier'} {_word(what)}{whose}{way}.")
            else:
                self.deny(f"There is no {_word(what)}{' so far' if view.live else ''}.")
        else:
            moment = of.moment(index)
            view.go_to_time(moment.t_ns)
            if not self.only_selected:
                view.select_track(moment.track, unfold=False)
            self._landed = what, index
            self.message_here(f"{_word(what)}{whose}{again}: {moment.said}")
        self.look()

    def _key_of(self, what: What, by: int) -> str:
        jumps = (*NAVIGATION.bindings, *SPANS.bindings)
        binding = next(each for each in jumps if each.action == f"jump('{what}', {by})")
        return self.app.get_key_display(binding).strip()

    def action_only_selected(self) -> None:
        self.only_selected = not self.only_selected
        which = "to events of the selected track only" if self.only_selected else "to events of all tracks"
        self.message_line.set(f"Jumps now go {which}.")
        self.look()

    # The way back.

    def action_undo(self, by: int) -> None:
        was_shown = self._is_on_chain
        if not (self.view.back() if by < 0 else self.view.forth()):
            self.deny("There is no jump to undo." if by < 0 else "There is no jump to redo.")
        elif was_shown and by < 0:
            # One link back: the message of the last link no longer applies.
            self._chain.pop()
            self.message_line.set()
        if self._is_on_chain:
            self._show_chain()
        self.look()

    def action_unzoom(self, by: int) -> None:
        if not (self.view.zoom_back() if by < 0 else self.view.zoom_forth()):
            self.deny(f"No {'earlier' if by < 0 else 'later'} visible range.")
        self.look()

    # Causes and effects.

    def action_why(self) -> None:
        """One link back; earlier links stay visible above as long as the playhead is on the chain."""
        at = self._standpoint()
        cause = why(self.view.timeline, at)
        self._follow(cause.said, cause.at, "The chain of causes starts here.")

    def action_led_to(self) -> None:
        at = self._standpoint()
        effect = led_to(self.view.timeline, at)
        among = f" (the first of {effect.among})" if effect.among > 1 else ""
        self._follow(effect.said + among, effect.at, "The chain of effects ends here.")

    @property
    def _is_on_chain(self) -> bool:
        """Whether the playhead is where the last link led."""
        return bool(self._chain) and self._chain[-1][1].t_ns == self.view.playhead.t_ns

    def _show_chain(self, *end: str) -> None:
        self.message_here(*(said for said, _ in self._chain), *end)

    def _standpoint(self) -> Standpoint:
        playhead = self.view.playhead
        if self._is_on_chain:
            return self._chain[-1][1]
        self._chain = []
        return standpoint(self.view.timeline, playhead.index, playhead.t_ns)

    def _follow(self, said: str, at: Standpoint | None, end: str) -> None:
        view = self.view
        if at is not None and not view.between_ns[0] <= at.t_ns <= view.between_ns[1]:
            at, end = None, "That is outside the part shown here."
        if at is None:
            self.app.bell()
            self._show_chain(f"{said}. {end}")
        else:
            view.go_to_time(at.t_ns)
            view.select_track(at.track, unfold=False)
            self._chain.append((f"{said}.", at._replace(t_ns=view.playhead.t_ns)))
            self._show_chain()
        self.look()

    # To somewhere that is typed.

    def action_go_to(self) -> None:
        self.prompt.ask("goal", "go to", f"{EXPECTED.removeprefix('Type ')}")
        self.look()

    def action_search(self) -> None:
        self.prompt.ask("text", "search", "tracks, events, output and expressions")
        self.look()

    @on(messages.Prompted)
    def _answer(self, message: messages.Prompted) -> None:
        self.focus_front()
        if message.text:
            self._take_answer(message.what, message.text)
        self.look()

    def _take_answer(self, what: str, text: str) -> None:
        view = self.view
        if what == "text":
            self._look_for(lambda timeline: for_text(timeline, text))
            return
        try:
            wanted = goal(text)
        except ValueError as error:
            self.deny(str(error))
            return
        count = view.last_switch - view.first_switch + 1
        if isinstance(wanted, Time):
            t_ns = view.zero_ns + wanted.t_ns
            view.go_to_time(t_ns)
            self.message_line.set(*(["That is after the end of the trace."] if t_ns > view.now_ns else []))
        elif isinstance(wanted, Clock):
            self._go_to_clock(wanted)
        elif not isinstance(wanted, Number):
            self._look_for(lambda timeline: for_line(timeline, wanted))
        elif 0 < wanted.number <= count:
            view.go(view.first_switch + wanted.number - 1)
            self.message_line.set()
        else:
            self.deny(f"There is no switch {wanted.number}: {there_are(count)}.")

    def _go_to_clock(self, wanted: Clock) -> None:
        view = self.view
        time_format, t_ns = by_the_clock(view.timeline), time_of_clock(view.timeline, wanted.of_day_ns)
        if time_format is None or t_ns is None:
            self.deny("The trace does not contain the time of day.")
        elif t_ns > view.now_ns:
            first, last = (time_format.moment(end_ns, view.now_ns) for end_ns in (0, view.now_ns))
            self.deny(f"The trace goes from {first} to {last}.")
        else:
            view.go_to_time(t_ns)
            self.message_line.set()

    # Looking for something.

    def turn(self) -> None:
        """Switch to another view: forget jumps and repeat the search there."""
        self._landed = None
        self._chain = []
        if self._looked_for is not None:
            self._look_for(self._looked_for, go=False)

    def _look_for(self, wanted: Callable[[Timeline], Search], *, go: bool = True) -> None:
        self._looked_for, search = wanted, wanted(self.view.timeline)
        search.between_ns = self.view.between_ns
        self._search, self._hit, self._wants_first, self._complete = search, -1, go, False
        self.go_on_searching()

    def go_on_searching(self) -> bool:
        """Search a little more of the timeline, if a search is running. Return whether the message changed."""
        search = self._search
        if search is None:
            return False
        known, complete = len(search), self._complete
        until = time.monotonic() + _SEARCH_S
        while (more := search.take(_AT_ONCE)) and time.monotonic() < until:
            pass
        self._complete = not more
        if self._wants_first and (not more or self._next_hit(search, 1) is not None):
            self._wants_first = False
            self._go_to_hit(search, 1)
            return True
        if self._wants_first:
            self.message_line.set(f"{search.title}: searching, {search.looked_at:.0%}")
            return True
        changed = (len(search), not more) != (known, complete)
        if changed and self.message_line.lines[:1] == self._hit_lines and self._hit >= 0:
            self._show_hit(search)
        return changed

    def action_hit(self, by: int) -> None:
        if self._search is None:
            self.deny("Nothing to search for: / starts a search.")
        else:
            self._go_to_hit(self._search, by)
        self.look()

    def _next_hit(self, search: Search, by: int) -> int | None:
        tracks = frozenset(self.view.selected_tracks) if self.only_selected else None
        return jump(self._hits(search), self.view.playhead.t_ns, by, tracks=tracks, at=self._hit)

    def _go_to_hit(self, search: Search, by: int) -> None:
        index = self._next_hit(search, by)
        if index is None:
            # As in a pager: behind the last comes the first.
            tracks = frozenset(self.view.selected_tracks) if self.only_selected else None
            index = jump(self._hits(search), -1 if by > 0 else self.view.now_ns + 1, by, tracks=tracks)
            self.app.bell()
        if index is None:
            self.message_line.set(f"{search.title}: no match.")
            return
        self._hit = index
        moment = search.moment(index)
        self.view.go_to_time(moment.t_ns)
        if not self.only_selected:
            self.view.select_track(moment.track, unfold=False)
        self._show_hit(search)

    def _show_hit(self, search: Search) -> None:
        said = search.moment(self._hit).said
        so_far = "" if self._complete else " so far"
        self.message_here(f"{search.title}: {self._hit + 1} of {len(search)}{so_far} ({search.counts_text})", said)
        self._hit_lines = self.message_line.lines[:1]

    @staticmethod
    def _hits(search: Search) -> Moments:
        return Moments(len(search), search.t_ns, search.tracks, search.moment)
