"""The five tones a small mark may have. The only list of them; themes give each its colours.

No Qt here: rows name a tone without knowing how it looks.
"""

from enum import StrEnum


class Tone(StrEnum):
    """How a pill, a dot or a banner wants to be taken. Never the only carrier of meaning."""

    NEUTRAL = "neutral"
    ACCENT = "accent"
    OK = "ok"
    WARN = "warn"
    DANGER = "danger"
