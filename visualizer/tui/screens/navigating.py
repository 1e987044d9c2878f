"""How one gets about on the timeline: jumps, and the way back from them. The keys are those of `keys.NAVIGATION`."""

from __future__ import annotations

from collections.abc import Collection

from textual.screen import Screen

from visualizer.analysis.causes import Standpoint, led_to, standpoint, why
from visualizer.analysis.jumps import Moments, What, jump, moments, moments_of
from visualizer.tui.view import View
from visualizer.tui.widgets.findings import Findings
from visualizer.tui.widgets.told import Told


class Navigating(Screen[None]):
    """What these keys do. A subclass has `view` and the panes, and draws them when it is told to `look`."""

    view: View
    told: Told
    found: Findings

    def __init__(self) -> None:
        super().__init__()
        #: Jumps go only to what concerns the selected track or group.
        self.only_selected = False
        #: What the last jump came to: of which kind, and its number.
        self._landed: tuple[What, int] | None = None
        #: Where the last link of a causal chain led, and what was said of each.
        self._stands: Standpoint | None = None
        self._chain: list[str] = []

    def look(self) -> None:
        """Have everything drawn that has changed."""
        raise NotImplementedError

    # Jumps.

    async def action_jump(self, what: str, by: int) -> None:
        kind = What(what)
        self._jump(kind, await self._moments(kind), by)

    async def _moments(self, what: What) -> Moments:
        if what is What.FINDING:
            return moments_of(await self.found.all())
        return moments(self.view.timeline, what)

    def _jump(self, what: What, of: Moments, by: int) -> None:
        view = self.view
        at = self._landed[1] if self._landed is not None and self._landed[0] is what else None
        tracks: Collection[int] | None = frozenset(view.selected_tracks) if self.only_selected else None
        index = jump(of, view.playhead.t_ns, by, tracks=tracks, at=at)
        whose = " of the selected track" if self.only_selected else ""
        if index is None:
            self.app.bell()
            self.told.tell(f"No {'further' if by > 0 else 'earlier'} {what}{whose}.")
        else:
            moment = of.moment(index)
            view.go_to_time(moment.t_ns)
            if not self.only_selected:
                view.select_track(moment.track)
            self._landed = what, index
            self.told.tell(f"{what}{whose}: {moment.said}")
        self.look()

    def action_only_selected(self) -> None:
        self.only_selected = not self.only_selected
        whom = "only to what concerns the selected track" if self.only_selected else "to what concerns any track"
        self.told.tell(f"Jumps now go {whom}.")
        self.look()

    # The way back.

    def action_undo(self, by: int) -> None:
        if not (self.view.back() if by < 0 else self.view.forth()):
            self.app.bell()
        self.look()

    def action_unzoom(self, by: int) -> None:
        if not (self.view.zoom_back() if by < 0 else self.view.zoom_forth()):
            self.app.bell()
        self.look()

    # Causes and effects.

    def action_why(self) -> None:
        """One link back; while one stays on the chain, what was said before stands above."""
        at = self._standpoint()
        cause = why(self.view.timeline, at)
        self._follow(cause.said, cause.at, "That is where the chain begins.")

    def action_led_to(self) -> None:
        at = self._standpoint()
        effect = led_to(self.view.timeline, at)
        among = f" (the first of {effect.among})" if effect.among > 1 else ""
        self._follow(effect.said + among, effect.at, "That is where the chain ends.")

    def _standpoint(self) -> Standpoint:
        playhead = self.view.playhead
        if self._stands is not None and self._stands.t_ns == playhead.t_ns:
            return self._stands
        self._chain = []
        return standpoint(self.view.timeline, playhead.index, playhead.t_ns)

    def _follow(self, said: str, at: Standpoint | None, end: str) -> None:
        view = self.view
        if at is None:
            self.app.bell()
            if said in self._chain:
                self.told.tell(*self._chain, end)
            else:
                self.told.tell(*self._chain, f"{said}. {end}")
        else:
            self._chain.append(f"{said}.")
            view.go_to_time(at.t_ns)
            view.select_track(at.track)
            self._stands = at._replace(t_ns=view.playhead.t_ns)
            self.told.tell(*self._chain)
        self.look()
