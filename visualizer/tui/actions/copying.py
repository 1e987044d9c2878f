"""A key that copies what is read: the sentence, the source line, the command for a picture."""

from __future__ import annotations

from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.sentences import sentence, sentence_before_first
from visualizer.tui.actions.export import Exporting


class Copying(Exporting):
    """A subclass says which source line is shown."""

    def __init__(self) -> None:
        super().__init__()
        #: What was copied last, by its name, and the message about it.
        self._copied = ""
        self._copied_lines: list[str] = []

    @property
    def source_line(self) -> str:
        """File, number and text of the line at which the running track is, or else the suspended one; "" if neither."""
        raise NotImplementedError

    def action_copy(self) -> None:
        """Copy one of them; pressed again, the next. Whoever was just told the command wants that."""
        timeline, index = self.view.timeline, self.view.playhead.index
        said = sentence(timeline, index) if index >= 0 else sentence_before_first(timeline)
        command = self.export_command or ""
        texts = {"sentence": plain(said), "source line": self.source_line, "export command": command}
        known = [name for name, text in texts.items() if text]
        shown = self.message_line.lines
        again = shown == self._copied_lines and self._copied in known
        name = known[(known.index(self._copied) + 1) % len(known)] if again else known[0]
        if command and any(command in line for line in shown) and not again:
            name = "export command"
        self.app.copy_to_clipboard(texts[name])
        then = known[(known.index(name) + 1) % len(known)]
        self.message_line.set(f"Copied the {name}" + (f"; press again for the {then}." if then != name else "."))
        self._copied, self._copied_lines = name, self.message_line.lines
        self.look()
