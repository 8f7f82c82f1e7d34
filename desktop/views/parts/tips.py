"""What a tool tip says: words, whoever wrote them, and never markup.

The only place that makes a tool tip of words that are not ours alone. Qt takes a tool tip for HTML
as soon as it looks like that, and would then format what an agent or a tool is called, or paint a
picture from this computer's disk. One that is not HTML is never broken into lines either.
"""

import html
from typing import Final

from PySide6.QtGui import Qt

#: Characters of a line from which on it is broken; the digest of a call stays on one.
_LONG: Final = 80


def tip(text: str) -> str:
    """What to give to `setToolTip`, so that exactly these words are read."""
    is_short = all(len(line) <= _LONG for line in text.split("\n"))
    if is_short and not Qt.mightBeRichText(text):
        return text
    return f'<span style="white-space: pre-wrap">{html.escape(text, quote=False)}</span>'
