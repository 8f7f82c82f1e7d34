"""Arguments of a call in words: the type, and every character of the value.

The only place that decides how a value reads. No Qt here.
"""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WordedValue:
    """One value as a reviewer reads it.

    Attributes:
        kind: the type in plain words, so that the text `42` is not taken for the number.
        text: the value in full; texts as they are, the rest as JSON.
        complete: False when the value cannot be shown in full. It must not be approved then.
    """

    kind: str
    text: str
    complete: bool = True


def worded(value: object) -> WordedValue:
    """Word one value. Never raises, whatever the value."""
    if isinstance(value, str):
        return WordedValue("text", value)
    kind = _kind_of(value)
    try:
        return WordedValue(kind, json.dumps(value, ensure_ascii=False, indent=2))
    except RecursionError:
        return WordedValue(kind, "nested too deeply to be shown", complete=False)
    except (TypeError, ValueError):
        return WordedValue(kind, "not a value that JSON can carry", complete=False)


def _kind_of(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes/no"
        case int() | float():
            return "number"
        case list() | tuple():
            return "list, empty" if not value else f"list of {len(value)}"
        case dict():
            return "object, empty" if not value else f"object of {len(value)}"
        case _:
            return type(value).__name__
