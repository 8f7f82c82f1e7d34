"""How results become Markdown: small tables, amounts, and the sentences about what did not run.

The only place that builds Markdown for the script. Results are data: what could end a table cell
is taken out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from workers.demo.chat import JSONObject
from workers.demo.scenes.turn import Ending, Outcome, reason_of

_MAX_ROWS = 20
_MAX_CELL = 120

#: Says in a sentence what a result holds; may raise KeyError when it holds something else.
Sentence = Callable[[Mapping[str, object]], str]
#: Names a call in a sentence, "the transfer of EUR 250.00 to ACME"; "" for a mere lookup.
Label = Callable[[str, JSONObject], str]


def report(outcomes: Sequence[Outcome], sentences: Mapping[str, Sentence], label: Label) -> str:
    """What became of the calls of a turn, each in its own paragraph."""
    told = [_one(outcome, sentences, label) for outcome in outcomes]
    if any(outcome.ending is not Ending.DONE for outcome in outcomes):
        told.append("I have not tried again. Tell me if something should be done differently.")
    return "\n\n".join(part for part in told if part)


def _one(outcome: Outcome, sentences: Mapping[str, Sentence], label: Label) -> str:
    if outcome.ending is not Ending.DONE:
        verb = "was **not approved**" if outcome.ending is Ending.REJECTED else "**failed**"
        reason = reason_of(outcome)
        because = f" The reason given: {reason}" if reason else " No reason was given."
        named = label(outcome.name, outcome.args) or f"the call of `{outcome.name}`"
        return f"{sentence_case(named)} {verb}.{because}"
    told = _result(outcome, sentences, label(outcome.name, outcome.args))
    return f"{told}\n\nA reviewer changed this call before it ran." if outcome.edited else told


def _result(outcome: Outcome, sentences: Mapping[str, Sentence], named: str) -> str:
    if outcome.value is None:
        # Prose for a call with an effect: as a rule a reviewer's answer instead of the call.
        text = outcome.text or f"`{outcome.name}` answered with nothing."
        return f"The answer to {named}: {text}" if named and outcome.text else text
    sentence = sentences.get(outcome.name)
    if sentence is not None and isinstance(outcome.value, dict):
        try:
            return sentence(outcome.value)
        except (KeyError, TypeError, ValueError):
            pass  # another shape than ours, for example from a tool of the same name
    return f"`{outcome.name}` answered:\n\n{as_markdown(outcome.value)}"


def as_markdown(value: object) -> str:
    """Any JSON value as a small table, a list or a word."""
    if isinstance(value, dict):
        rows = [{"": heading(key), " ": v} for key, v in value.items()]
        return table(rows) if rows else "nothing"
    if isinstance(value, list):
        if value and all(isinstance(row, dict) for row in value):
            return table(value)
        return "\n".join(f"- {cell(entry)}" for entry in value[:_MAX_ROWS]) or "nothing"
    return cell(value)


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows as a Markdown table; columns are the keys of the first row."""
    columns = list(rows[0])
    amounts = {c for c in columns if all(isinstance(row.get(c), int | float) for row in rows)}
    lines = [
        "| " + " | ".join(heading(column) for column in columns) + " |",
        "|" + "|".join(" ---: " if column in amounts else " --- " for column in columns) + "|",
    ]
    for row in rows[:_MAX_ROWS]:
        cells = (
            f"{row[column]:,.2f}" if column == "amount" and column in amounts
            else cell(row.get(column))
            for column in columns
        )  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    if len(rows) > _MAX_ROWS:
        lines.append(f"\n… and {len(rows) - _MAX_ROWS} more.")
    return "\n".join(lines)


def cell(value: object) -> str:
    """A value that stays inside its table cell."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.2f}".removesuffix(".00")
    text = " ".join(str(value).split()).replace("|", "\\|")
    return text if len(text) <= _MAX_CELL else f"{text[:_MAX_CELL]}…"


def amount(currency: object, value: object) -> str:
    """An amount with its currency: EUR 1,250.00.

    Raises:
        ValueError: the value is no number.
    """
    return f"{currency} {float(str(value)):,.2f}".strip()


def heading(key: str) -> str:
    """The name of a field as a person would write it."""
    return sentence_case(key.replace("_", " "))


def sentence_case(text: str) -> str:
    """The text with a capital first letter and the rest as it is."""
    return text[:1].upper() + text[1:]
