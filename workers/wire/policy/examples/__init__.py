"""Policies to start from: complete files, each for one kind of business.

The only place that reads what is shipped. They are linted in the tests against a registry of the
people that they ask for.
"""

from __future__ import annotations

from importlib import resources
from typing import Final

from workers.wire.policy.rules import BadPolicy

EXAMPLES: Final = ("payments-maker-checker", "patient-record-release", "read-only")


def example(name: str) -> str:
    """The text of an example.

    Raises:
        BadPolicy: there is none of this name.
    """
    if name not in EXAMPLES:
        raise BadPolicy(f"There is no example {name!r}.", f"There are: {', '.join(EXAMPLES)}.")
    return resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
