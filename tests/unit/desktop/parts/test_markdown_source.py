"""Markdown is capped before it is parsed, and nothing is dropped."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.views.parts.markdown_source import (
    RENDERED_CHARACTERS,
    link_target,
    nesting_of,
    parse,
    sanitise,
)

HOSTILE = {
    "deep quotes": "> " * 10_000 + "x",
    "deeper quotes by line": "\n".join(">" * depth for depth in range(300)),
    "deep lists on one line": "- " * 10_000 + "x",
    "deep lists by indent": "\n".join("  " * depth + "- x" for depth in range(250)),
    "brackets": "[" * 100_000,
    "pictures": "![" * 50_000,
    "stars": "*a **b " * 10_000,
    "backticks": "".join("`" * n + " " for n in range(360)),
    "angle brackets": "<" * 100_000,
    "cells": "|a" * 300 + "|\n" + "|-" * 300 + "|\n" + "|x\n" * 20_000,
    "items": "- a\n" * 20_000,
    "one line": "x" * 1_000_000,
    "surrogates and nul": "\ud800\x00\udfff [a](\ud800) `\x00`",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_markdown_is_parsed_quickly_or_not_at_all(text: str) -> None:
    """The window answers, whatever an agent writes."""
    started = time.monotonic()
    parse(sanitise(text))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.startswith("deep")])
def test_what_nests_too_deeply_is_shown_as_it_is(name: str) -> None:
    """The parser would silently drop it, and a reviewer would not see it."""
    prepared = sanitise(HOSTILE[name])
    assert prepared.plain
    assert prepared.head + prepared.rest == HOSTILE[name]


@settings(max_examples=500)
@given(st.text(max_size=200) | st.text(st.sampled_from("> -1.\n\tx "), max_size=80))
def test_nesting_is_never_counted_too_low(text: str) -> None:
    """Our count bounds the parser's own, so that its limit is never reached."""
    containers = {"blockquote", "list_item"}
    depth = deepest = 0
    for token in parse(sanitise(text)) or ():
        if token.type.rpartition("_")[0] in containers:
            depth += token.nesting
            deepest = max(deepest, depth)
    assert nesting_of(text) >= deepest


def test_an_ordinary_answer_is_parsed() -> None:
    """The caps are far away from what agents normally write."""
    text = "# Title\n\n- one\n  - two\n    - three\n      > quote\n\n```\n[[[[\n```\n" * 50
    assert not sanitise(text).plain
    assert parse(sanitise(text))


def test_what_is_over_the_cap_is_kept_for_later() -> None:
    """Not one character is lost."""
    text = "word " * 100_000
    prepared = sanitise(text)
    assert len(prepared.head) == RENDERED_CHARACTERS
    assert prepared.head + prepared.rest == text


def test_a_line_without_gaps_is_cut_earlier() -> None:
    """Breaking it into lines takes time that grows with the square of its length."""
    prepared = sanitise("before " + "x" * 1_000_000)
    assert len(prepared.head) == len("before ") + 8 * 1024
    assert len(prepared.head) + len(prepared.rest) == len("before ") + 1_000_000


def test_raw_html_is_text() -> None:
    """There is no token that a renderer could take for markup."""
    tokens = parse(sanitise("<img src=file:///etc/passwd>\n\n<script>alert(1)</script> <b>x</b>"))
    assert tokens is not None
    leaves = [leaf for token in tokens for leaf in token.children or [token]]
    assert not [leaf for leaf in leaves if leaf.type.startswith("html")]


@pytest.mark.parametrize(
    "address",
    ["https://example.invalid/a?b=c", "http://127.0.0.1:8080/", "mailto:desk@example.invalid"],
)
def test_links_a_person_may_follow(address: str) -> None:
    """Web and mail."""
    assert link_target(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "signoff-toggle:1",
        "relative/path",
        "//host/share",
        "\\\\host\\share",
        "https://",
        "https://[broken",
        "https://example.invalid/\u202etxt",
        "https://example.invalid/a b",
        "",
        None,
        7,
    ],
)
def test_links_nobody_may_follow(address: object) -> None:
    """Local files, scripts, other programs, our own toggles, and anything with hidden parts."""
    assert link_target(address) is None


@given(st.text(st.characters()))
def test_nothing_raises(text: str) -> None:
    """Any text at all."""
    parse(sanitise(text))
    link_target(text)
