"""Sizes, names and habits that keep the house readable."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.architecture.sources import PACKAGES, Source, sources
from tests.support.environment import ROOT

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
#: Names that say nothing about what is inside, and so attract everything.
FORBIDDEN_WORDS = {"common", "helper", "helpers", "manager", "misc", "util", "utils"}

# Put together here, so that this file does not contain what it looks for.
REGISTRY_HOSTS = (
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "deb.deb" + "ian.org",
    "crates" + ".io",
    "proxy.go" + "lang.org",
)
PLACES_OF_OURS = ("/" + "work/", "/" + "root/", "/tmp/" + "team", "/tmp/" + "base")


def test_files_are_short() -> None:
    """A file that cannot be read in one go has more than one purpose, a test's as well."""
    files = [
        file
        for folder in (*PACKAGES, "tests", "installer")
        for file in ROOT.glob(f"{folder}/**/*.py")
    ]
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    long = [f"{file}: {length}" for file, length in lengths.items() if length > MAX_FILE_LINES]
    assert not long, f"more than {MAX_FILE_LINES} lines: {long}"


def test_functions_are_short() -> None:
    """Counted without the docstring, which may be as long as the contract needs."""
    long = [
        f"{source.path}:{node.lineno} {node.name}: {length}"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := lines_of(node)) > MAX_FUNCTION_LINES
    ]
    assert not long, f"more than {MAX_FUNCTION_LINES} lines: {long}"


def test_every_module_says_what_it_is_for() -> None:
    """The docstring is where a reader learns whether this is the right file."""
    silent = [str(s.path) for s in sources() if not ast.get_docstring(s.tree)]
    assert not silent, f"without a docstring: {silent}"


def test_names_say_something() -> None:
    """No drawer that everything fits into, neither as a module nor as a class."""
    vague = [f"{s.path}: {name}" for s in sources() for name in names_in(s) if is_vague(name)]
    assert not vague, f"vague names: {vague}"


def test_catching_everything_is_explained() -> None:
    """`except Exception` belongs to the doors for errors, and says which door it is."""
    silent = [
        f"{source.path}:{handler.lineno}"
        for source in sources()
        for handler in ast.walk(source.tree)
        if isinstance(handler, ast.ExceptHandler)
        and catches_everything(handler)
        and not has_reason(source, handler)
    ]
    assert not silent, f"`except Exception` without a comment that says why: {silent}"


def test_no_committed_file_names_a_registry_or_our_machines() -> None:
    """Packages come from wherever the reader's tools are set up to get them."""
    found = [
        f"{path}:{number}: {word}"
        for path, text in committed_texts()
        for number, line in enumerate(text.splitlines(), 1)
        for word in unwanted_in(line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("line", "unwanted"),
    [
        ("index-url = https://" + REGISTRY_HOSTS[0] + "/simple", True),
        ("see " + PLACES_OF_OURS[0] + "somewhere", True),
        ("a net" + PLACES_OF_OURS[0] + "share", False),
        ("import os", False),
    ],
)
def test_what_counts_as_unwanted(line: str, *, unwanted: bool) -> None:
    """The check above finds what it should, and not a path that merely looks alike."""
    assert bool(unwanted_in(line)) is unwanted


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Length of a function, decorators and docstring not counted."""
    length = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        length -= (first.end_lineno or 0) - first.lineno + 1
    return length


def names_in(source: Source) -> Iterator[str]:
    """The name of the module and of its classes."""
    yield source.module.rpartition(".")[2]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef):
            yield node.name


def is_vague(name: str) -> bool:
    """Whether one of the words in a snake_case or CamelCase name is forbidden."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    return any(word.lower() in FORBIDDEN_WORDS for word in words)


def catches_everything(handler: ast.ExceptHandler) -> bool:
    """`except:`, `except Exception`, `except BaseException`, also as one of several.

    One that cleans up and raises it again catches nothing.
    """
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        isinstance(one, ast.Name) and one.id in {"Exception", "BaseException"} for one in caught
    )


def has_reason(source: Source, handler: ast.ExceptHandler) -> bool:
    """Whether a comment on the line, or the line above, says more than a linter's code."""
    line, above = source.lines[handler.lineno - 1], source.lines[handler.lineno - 2]
    comments = line.partition("#")[2] + (above if above.strip().startswith("#") else "")
    return bool(re.search(r"[a-z]{3}", re.sub(r"noqa: *[A-Z0-9, ]+", "", comments)))


def committed_texts() -> Iterator[tuple[str, str]]:
    """Path and text of every committed file that is text."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
    for name in filter(None, names.split("\0")):
        path = ROOT / name
        if not path.is_file():  # deleted, and not committed yet
            continue
        try:
            yield name, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def unwanted_in(line: str) -> list[str]:
    """The hosts and places in one line that no committed file should name."""
    hosts = [host for host in REGISTRY_HOSTS if host in line]
    return hosts + [place for place in PLACES_OF_OURS if re.search(rf"(?<![\w.-]){place}", line)]
