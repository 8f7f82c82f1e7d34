"""A message in a transcript while its model writes it.

The only place that decides how words that arrive one by one are set: as Markdown while the message
is short, and not too often; as plain text at the end of it in between, which costs the same
however long it is. The whole message takes its place when it is there.
"""

import time
from dataclasses import dataclass, field
from typing import Final

from PySide6.QtGui import QTextCursor, QTextFrame

from desktop.views.parts.markdown_source import page_length
from desktop.views.parts.text_formats import Formats, insert_visible
from desktop.views.parts.transcript_layout import empty_frame, write_draft

#: A draft is set as Markdown at most this often.
RENDER_MS: Final = 300
_RENDER_UP_TO: Final = 5_000  # characters, set in 6 ms; a longer draft grows as plain text


@dataclass(slots=True)
class Draft:
    """A message that is still being written.

    Attributes:
        pending: words that are not set yet.
        rough: has words that are not set as Markdown yet.
    """

    speaker: str
    frame: QTextFrame
    text: str = ""
    pending: list[str] = field(default_factory=list)
    rough: bool = False
    _rendered_at: float = 0.0

    def begin(self, formats: Formats) -> None:
        """Set the line that says who writes."""
        write_draft(self.frame.firstCursorPosition(), self.speaker, "", formats)

    def flush(self, cursor: QTextCursor, formats: Formats) -> None:
        """Set the words that have come since; what is over the cap is left to the message."""
        new = "".join(self.pending)
        self.pending.clear()
        room = max(0, page_length(self.text + new) - len(self.text))
        self.text += new[:room]
        now = time.monotonic()
        if not new and not self.rough:
            return
        if len(self.text) < _RENDER_UP_TO and now - self._rendered_at > RENDER_MS / 1000:
            empty_frame(cursor, self.frame)
            write_draft(self.frame.firstCursorPosition(), self.speaker, self.text, formats)
            self._rendered_at, self.rough = now, False
        elif room > 0:
            insert_visible(self.frame.lastCursorPosition(), new[:room], formats.body, formats)
            self.rough = len(self.text) < _RENDER_UP_TO
