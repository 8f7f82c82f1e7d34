"""The one renderer: whatever an agent writes, the document has words and structure only."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QTextBlock, QTextCursor, QTextDocument, QTextTable

from desktop.views.parts.markdown import write_markdown
from desktop.views.parts.text_formats import Box, Formats, box_of
from desktop.views.theme import tokens

SAFE = ("http:", "https:", "mailto:", "signoff-more:")

HOSTILE = {
    "picture tag": "<img src=file:///etc/passwd>",
    "picture tag in a table": "|a|\n|-|\n|<img src='file:///etc/passwd'>|",
    "picture": "![pass](file:///etc/passwd) ![x](https://example.invalid/x.png)",
    "picture by reference": "![x][y]\n\n[y]: data:image/png;base64,AAAA",
    "picture in a link": "[![x](https://example.invalid/a.png)](https://example.invalid)",
    "script": "<script>alert(1)</script>\n\n<iframe src=x></iframe>",
    "script link": "[click](javascript:alert(1)) <javascript:alert(1)>",
    "file link": "[click](file:///etc/passwd) <file:///etc/passwd>",
    "data link": "[click](data:text/html,<b>x</b>)",
    "our own link": "[click](signoff-toggle:1)",
    "entities": "&lt;img src=x&gt; &#60;img src=x&#62; &#x202E;evil",
    "style": "<style>*{background:url(file:///etc/passwd)}</style>",
    "fence": "```html\n<img src=file:///etc/passwd>\n```",
    "heading": "# <img src=x>\n\n- <img src=y>\n\n> <img src=z>",
}
HEAVY = {
    "deep quotes": "> " * 10_000 + "x",
    "deep lists": "\n".join("  " * depth + "- x" for depth in range(10_000)),
    "one line of a megabyte": "x" * 1_000_000,
    "a megabyte of words": "word " * 200_000,
    "brackets": "[" * 1_000_000,
    "hidden": "\u200b\u202e" * 500_000,
    "cells": "|a" * 300 + "|\n" + "|-" * 300 + "|\n" + "|x\n" * 20_000,
    "items": "- a\n" * 1_900,
    "code": "```\n" + "for x in y: 'z' # w\n" * 3_000 + "```",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_markup_of_an_agent_comes_alive(text: str) -> None:
    """No picture, no source, no address but of the web and mail, in the document Qt holds."""
    assert_inert(rendered(text))


@pytest.mark.parametrize("text", HEAVY.values(), ids=HEAVY.keys())
def test_a_heavy_text_is_set_in_seconds(text: str) -> None:
    """The window answers again soon; what is over the cap waits until it is asked for."""
    started = time.monotonic()
    document = rendered(text)
    assert document.size().height() > 0
    assert time.monotonic() - started < 8


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(st.characters(), max_size=400)
    | st.lists(
        st.sampled_from(
            [
                *HOSTILE.values(),
                "\n",
                "\n\n",
                "> ",
                "- ",
                "1. ",
                "`",
                "```\n",
                "|a|b|\n|-|-|\n",
                "**",
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_nothing_raises_and_nothing_comes_alive(text: str) -> None:
    """Any text at all."""
    assert_inert(rendered(text))


def test_every_word_is_shown() -> None:
    """HTML is shown as it was written, also inside other structures."""
    plain = rendered(HOSTILE["heading"]).toPlainText()
    assert [plain.count(f"<img src={name}>") for name in "xyz"] == [1, 1, 1]


def test_a_link_shows_where_it_leads() -> None:
    """Words can lie, so the address stands beside them, also when it may not be followed."""
    plain = rendered("[your bank](https://mallory.example.invalid/login)").toPlainText()
    assert plain == "your bank (https://mallory.example.invalid/login)"
    assert "relative/path" in rendered("[here](relative/path)").toPlainText()


def test_an_address_that_is_its_own_words_is_not_repeated() -> None:
    """`<https://...>` needs no second copy."""
    document = rendered("<https://example.invalid/a>")
    assert document.toPlainText() == "https://example.invalid/a"
    assert addresses_in(document) == ["https://example.invalid/a"]


def test_a_picture_becomes_its_words_and_address() -> None:
    """Nothing is fetched; the reader sees what would have been."""
    plain = rendered("![balance chart](https://example.invalid/c.png)").toPlainText()
    assert plain == "balance chart (picture, not loaded: https://example.invalid/c.png)"


def test_hidden_characters_are_chips_also_when_written_as_entities() -> None:
    """The parser decodes entities; what comes out is looked at again."""
    assert "⟨U+202E RLO⟩evil" in rendered("&#x202E;evil").toPlainText()


def test_structure_is_set_as_structure() -> None:
    """Tables, lists, code in a box, headings in a heavier weight."""
    document = rendered(
        "# Head\n\n|a|b|\n|-|-:|\n|c|d|\n\n1. one\n2. two\n   - deep\n\n```\ncode\n```\n\n> quote"
    )
    frames = document.rootFrame().childFrames()
    tables = [frame for frame in frames if isinstance(frame, QTextTable)]
    boxes = [box_of(frame.frameFormat()) for frame in frames if frame not in tables]

    assert [(table.rows(), table.columns()) for table in tables] == [(2, 2)]
    assert boxes == [Box.CODE, Box.QUOTE]
    assert document.firstBlock().charFormat().fontWeight() >= 400
    assert block_with(document, "deep").textList().format().indent() == 2
    assert block_with(document, "two").textList().itemNumber(block_with(document, "two")) == 1


def test_line_ends_of_a_chat_message_stay() -> None:
    """A person who pressed Enter meant it."""
    assert rendered("one\ntwo").toPlainText() == "one\ntwo"


def rendered(text: str) -> QTextDocument:
    """A document with the text, laid out as in a column of a window."""
    document = QTextDocument()
    document.setTextWidth(600)
    write_markdown(QTextCursor(document), text, Formats(tokens()))
    return document


def block_with(document: QTextDocument, text: str) -> QTextBlock:
    """The block that says exactly this."""
    block = document.firstBlock()
    while block.isValid() and block.text() != text:
        block = block.next()
    return block


def addresses_in(document: QTextDocument) -> list[str]:
    """Every address the document links to."""
    reader = Markup()
    reader.feed(document.toHtml())
    return [value for tag, name, value in reader.attributes if (tag, name) == ("a", "href")]


def assert_inert(document: QTextDocument) -> None:
    """The document's own HTML has no picture, no source and only safe addresses."""
    reader = Markup()
    reader.feed(document.toHtml())
    assert not reader.tags & {"img", "script", "iframe", "object", "link", "video", "audio"}
    assert not [found for found in reader.attributes if found[1] in {"src", "background"}]
    for tag, name, value in reader.attributes:
        if name == "href":
            assert tag == "a"
            assert value.startswith(SAFE), value
    styles = [value for _, name, value in reader.attributes if name == "style"]
    assert not [style for style in styles if "url(" in style or "file:" in style]


class Markup(HTMLParser):
    """Collects the tags and attributes of a page; its text is not looked at."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.extend((tag, name, value or "") for name, value in attrs)
