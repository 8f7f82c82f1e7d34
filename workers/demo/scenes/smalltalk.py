"""Greetings, thanks and questions about the agent itself; the same for every scene.

The only place that says what the scripted model is.
"""

from __future__ import annotations

from workers.demo.scenes.reading import words

SCRIPTED = "I am a scripted demo model, not a language model: I follow a fixed script."

_GREETING = words(r"(?:hi|hello|hey|good\s+(?:morning|afternoon|evening|day))(?:\s+there)?")
_THANKS = words(
    r"(?:(?:great|perfect|ok(?:ay)?)[,.!]?\s*)?(?:(?:many\s+)?(?:thanks?|thank\s+you|thx)\b.*)?"
)
_BYE = words(r"(?:bye|goodbye|see\s+you)\b.*")
_ABOUT_ME = words(
    r"\b(?:who|what)\s+are\s+you\b|\bare\s+you\s+(?:an?\s+|real|human|scripted)|\bwhat\s+model\b"
    r"|\bwhich\s+model\b|\bhow\s+are\s+you\b"
)
_HELP = words(r"\bwhat\s+(?:else\s+)?can\s+you\s+do\b|\bhow\s+can\s+you\s+help\b|^help\b")


def small_talk(text: str, offer: str) -> str | None:
    """An answer to a message that asks for nothing, or None."""
    said = text.strip(" \t\n.!,?")
    if not said:
        return f"Your message is empty. {offer}"
    if _GREETING.fullmatch(said):
        return f"Hello! {SCRIPTED} {offer}"
    if _ABOUT_ME.search(said) or _HELP.search(said):
        return f"{SCRIPTED} {offer}"
    if _BYE.fullmatch(said):
        return "Goodbye!"
    if _THANKS.fullmatch(said):
        return "You are welcome. Is there anything else?"
    return None


def not_understood(offer: str) -> str:
    """What to say when nothing was understood."""
    return f"I did not understand that. {SCRIPTED} {offer}"
