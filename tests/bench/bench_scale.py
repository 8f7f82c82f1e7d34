"""Long lists and long conversations on the GUI's thread, offscreen.

Peer of the list: the model of short lists, which compares the whole list with what it shows. Peer
of the transcript: the same entries set into the same view all at once.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator

from tests.bench.figure import Figure, figure, percentile

CONTEXTS = 100_000
TOUCHED = 165  # conversations that 5,000 events a second touch in 33 ms
BATCHES = 40
ENTRIES = 10_000
PEER_ENTRIES = 2_000  # all of them would take a minute
GOAL_BATCH_MS = 25.0
GOAL_OPEN_MS = 100.0


def run() -> Iterator[Figure]:
    """Yield the figures."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    yield _list()
    yield _transcript()


def _list() -> Figure:
    from PySide6.QtWidgets import QApplication

    from desktop.qtmodels.latest_model import LatestModel
    from desktop.qtmodels.rows import Row
    from desktop.qtmodels.rows_model import RowsModel
    from desktop.settings import Theme
    from desktop.views.parts.list_view import RowList
    from desktop.views.theme import apply_theme

    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    apply_theme(app, Theme.LIGHT)
    chance = random.Random(7)  # noqa: S311 - the same conversations in every run
    times = {f"c-{number}": number for number in range(CONTEXTS)}
    latest, whole = LatestModel(Row), RowsModel[str]()
    ours, peer = [], []
    for model, into in ((latest, ours), (whole, peer)):
        view = RowList("Conversations")
        view.setModel(model)
        view.resize(352, 800)
        view.show()
        rows = dict(times)
        latest.show_all(rows) if model is latest else whole.show_rows(_rows(rows, Row))
        app.processEvents()
        for batch in range(BATCHES if model is latest else 5):
            now = CONTEXTS + TOUCHED * batch
            changed = {f"c-{chance.randrange(CONTEXTS)}": now + i for i in range(TOUCHED)}
            rows |= changed
            began = time.perf_counter()
            latest.change(changed) if model is latest else whole.show_rows(_rows(rows, Row))
            app.processEvents()
            into.append((time.perf_counter() - began) * 1000)
        view.deleteLater()
    return figure(
        f"{TOUCHED} of {CONTEXTS:,} conversations move to the top, shown, p99",
        percentile(ours, 0.99),
        percentile(peer, 0.5),
        "ms",
        goal=f"<= {GOAL_BATCH_MS:g} ms",
        ok=percentile(ours, 0.99) <= GOAL_BATCH_MS,
    )


def _rows(times: dict[str, int], row: Callable[[str], object]) -> list[tuple[str, object]]:
    return [(key, row(key)) for key in sorted(times, key=lambda key: times[key], reverse=True)]


def _transcript() -> Figure:
    from PySide6.QtWidgets import QApplication

    from desktop.store.facts import EventSeen
    from desktop.views.parts.transcript_view import TranscriptView
    from desktop.views.transcript_pane import TranscriptPane
    from desktop.views.transcript_source import transcript
    from tests.support.hand_fed import NOW_MS, HandFed
    from tests.support.scenes import CONTEXT, agent_says

    app = QApplication.instance()
    assert app is not None
    fed = HandFed()
    words = "Message number {} says **something** to read.\n\n- one\n- two"
    fed.feed(
        *(
            EventSeen(CONTEXT, f"{NOW_MS}-{n}", agent_says(words.format(n), message_id=f"m-{n}"))
            for n in range(ENTRIES)
        )
    )
    pane, whole = (
        TranscriptPane(fed.store, fed.bridge, fed.conversations.transcripts),
        TranscriptView(),
    )
    for widget in (pane, whole):
        widget.resize(640, 800)
        widget.show()
    app.processEvents()
    began = time.perf_counter()
    pane.show_context(CONTEXT)
    app.processEvents()
    ours = (time.perf_counter() - began) * 1000
    entries = fed.store.entries(CONTEXT)[-PEER_ENTRIES:]
    began = time.perf_counter()
    whole.set_entries(transcript(entries, []))
    app.processEvents()
    peer = (time.perf_counter() - began) * 1000
    pane.deleteLater()
    whole.deleteLater()
    return figure(
        f"open a conversation of {ENTRIES:,} entries (peer: {PEER_ENTRIES:,} of them at once)",
        ours,
        peer,
        "ms",
        goal=f"<= {GOAL_OPEN_MS:g} ms",
        ok=ours <= GOAL_OPEN_MS,
    )
