"""Reading one conversation on the GUI's thread, offscreen: while it is written, and far back.

Peer of the stream: the same message given to a plain text browser anew for each frame. Peer of
reading on: all entries that are shown then, set anew. Peer of the long line: a tenth of it in
Qt's own text widget, whose time grows with the square of the length.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from tests.bench.figure import Figure, figure, percentile

TOKENS_PER_SECOND = 1_000
LETTERS = 20_000
FRAME_SECONDS = 1 / 30
PAGES = 12
LINE = 1_000_000
GOAL_FRAME_MS = 10.0
GOAL_STALL_MS = 100.0
_TOKENS = ("word ", "**bold** ", "and ", "more ", "`code` ", "text.\n\n")


def run() -> Iterator[Figure]:
    """Yield the figures."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    from desktop.settings import Theme
    from desktop.views.theme import apply_theme

    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    apply_theme(app, Theme.LIGHT)
    yield _stream(app)
    yield _pages(app)
    yield _line(app)


def _stream(app: object) -> Figure:
    from PySide6.QtWidgets import QApplication, QTextBrowser

    from desktop.views.parts.transcript_view import TranscriptView

    assert isinstance(app, QApplication)
    view, plain = TranscriptView(), QTextBrowser()
    for widget in (view, plain):
        widget.resize(640, 800)
        widget.show()
    app.processEvents()
    ours: list[float] = []
    sent, letters, began = 0, 0, time.perf_counter()
    while letters < LETTERS:
        frame = time.perf_counter()
        busy = 0.0
        while time.perf_counter() - frame < FRAME_SECONDS:
            start = time.perf_counter()
            while sent < (start - began) * TOKENS_PER_SECOND:
                token = _TOKENS[sent % len(_TOKENS)]
                view.stream("m", "agent", token)
                sent, letters = sent + 1, letters + len(token)
            app.processEvents()
            busy += time.perf_counter() - start
            time.sleep(0.002)
        ours.append(busy * 1000)
    text = "".join(_TOKENS[n % len(_TOKENS)] for n in range(sent))
    peer = []
    for share in range(1, 11):
        start = time.perf_counter()
        plain.setMarkdown(text[: len(text) * share // 10])
        app.processEvents()
        peer.append((time.perf_counter() - start) * 1000)
    _close(view, plain)
    return figure(
        f"a message of {LETTERS:,} letters is written, {TOKENS_PER_SECOND:,} tokens a second:"
        " GUI time in a frame, p95",
        percentile(ours, 0.95),
        percentile(peer, 0.5),
        "ms",
        goal=f"<= {GOAL_FRAME_MS:g} ms",
        ok=percentile(ours, 0.95) <= GOAL_FRAME_MS,
    )


def _pages(app: object) -> Figure:
    from PySide6.QtWidgets import QApplication

    from desktop.store.facts import EventSeen, TranscriptRead
    from desktop.views.parts.transcript_view import TranscriptView
    from desktop.views.transcript_pane import TranscriptPane
    from desktop.views.transcript_source import transcript
    from desktop.views.transcript_span import MOST
    from tests.support.hand_fed import NOW_MS, HandFed
    from tests.support.scenes import CONTEXT, agent_says

    assert isinstance(app, QApplication)
    fed = HandFed()
    words = "Message {} says **something** in `words` to read. " + "It goes on for a while. " * 10
    said = (agent_says(words.format(n), message_id=f"m-{n}") for n in range(10_000))
    entries = tuple(EventSeen(CONTEXT, f"{NOW_MS}-{n}", event) for n, event in enumerate(said))
    fed.feed(TranscriptRead(CONTEXT, entries, reaches_start=True))
    pane = TranscriptPane(fed.store, fed.bridge, fed.conversations.transcripts)
    whole = TranscriptView()
    for widget in (pane, whole):
        widget.resize(640, 800)
        widget.show()
    pane.show_context(CONTEXT)
    app.processEvents()
    ours = []
    for _page in range(PAGES):
        start = time.perf_counter()
        pane.view.verticalScrollBar().setValue(0)
        app.processEvents()
        ours.append((time.perf_counter() - start) * 1000)
    start = time.perf_counter()
    whole.set_entries(transcript(fed.store.entries(CONTEXT)[-MOST:], []))
    app.processEvents()
    peer = (time.perf_counter() - start) * 1000
    _close(pane, whole)
    return figure(
        "a page further back in a conversation of 10,000 entries, p90",
        percentile(ours, 0.9),
        peer,
        "ms",
        goal=f"<= {GOAL_STALL_MS:g} ms",
        ok=percentile(ours, 0.9) <= GOAL_STALL_MS,
    )


def _line(app: object) -> Figure:
    from PySide6.QtWidgets import QApplication, QTextEdit

    from desktop.views.parts.transcript_entry import EntryKind, TranscriptEntry
    from desktop.views.parts.transcript_view import TranscriptView

    assert isinstance(app, QApplication)
    view, plain = TranscriptView(), QTextEdit()
    for widget in (view, plain):
        widget.resize(640, 800)
        widget.show()
    app.processEvents()
    start = time.perf_counter()
    view.set_entries([TranscriptEntry("m", EntryKind.AGENT, "agent", "09:41", "x" * LINE)])
    app.processEvents()
    ours = (time.perf_counter() - start) * 1000
    start = time.perf_counter()
    plain.setPlainText("x" * (LINE // 10))
    app.processEvents()
    peer = (time.perf_counter() - start) * 1000
    _close(view, plain)
    return figure(
        f"a line of {LINE:,} letters without a gap (peer: a tenth of it, whole)",
        ours,
        peer,
        "ms",
        goal=f"<= {GOAL_STALL_MS:g} ms",
        ok=ours <= GOAL_STALL_MS,
    )


def _close(*widgets: object) -> None:
    from PySide6.QtWidgets import QWidget

    for widget in widgets:
        assert isinstance(widget, QWidget)
        widget.deleteLater()
