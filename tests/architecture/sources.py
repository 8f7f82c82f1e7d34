"""The source files of the product, as the architecture tests see them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.environment import ROOT

PACKAGES = ("desktop", "workers")


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file of the product.

    Attributes:
        path: relative to the checkout, as a reader knows it.
        module: its dotted name; a package for an `__init__.py`.
    """

    path: Path
    module: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


@cache
def sources() -> tuple[Source, ...]:
    """Every Python file of `desktop` and `workers`."""
    return tuple(_read())


def _read() -> Iterator[Source]:
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            path = file.relative_to(ROOT)
            parts = path.with_suffix("").parts
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            text = file.read_text(encoding="utf-8")
            yield Source(path, module, text, ast.parse(text, str(path)))


def rooms(package: str) -> dict[str, list[str]]:
    """The rooms that exist: `desktop.store` and so on, each with all its modules."""
    found: dict[str, list[str]] = {}
    for source in sources():
        top, _, rest = source.module.partition(".")
        if top == package:
            room = f"{top}.{rest.partition('.')[0]}" if rest else top
            found.setdefault(room, []).append(source.module)
    return found
