"""Exports that people read: a spreadsheet that runs nothing, a paper on which nothing hides."""

from __future__ import annotations

import csv
import io
import logging
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from desktop.assets import resource
from desktop.audit.entries import Actor, AuditEntry, AuditKind
from desktop.audit.exporting import pdf
from desktop.audit.exporting.csv import HEADINGS
from desktop.audit.exporting.decided import NOT_SIGNED
from desktop.audit.exporting.formats import ExportFormat
from desktop.audit.exporting.printed import MOST_CHARACTERS, printed
from desktop.audit.exporting.selecting import Beside, NotExported
from desktop.audit.log import Record
from desktop.store.record import AuditQuery
from tests.support import registered
from tests.support.exported import beside, entry, export, receipt, signed_record, write_log
from tests.support.paper import lines_of

HOSTILE = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "a\r\nb", "{nb}",
    "\u202ecod.exe", "\x00", "\x1b[2J", "\u200b", "‹U+202E RLO›", '"; DROP', "x" * 1_000_000,
)  # fmt: skip


def _rows(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def _csv(
    tmp_path: Path, *records: AuditEntry | Record, reasons: bool = False
) -> list[dict[str, str]]:
    log = write_log(tmp_path / "log.sqlite", records)
    path = tmp_path / "decisions.csv"
    export(log, ExportFormat.CSV, path, more=beside(reasons=reasons))
    return _rows(path)


def _paper(tmp_path: Path, *records: AuditEntry | Record, reasons: bool = False) -> bytes:
    log = write_log(tmp_path / "log.sqlite", records)
    path = tmp_path / "decisions.pdf"
    export(log, ExportFormat.PDF, path, more=beside(reasons=reasons))
    return path.read_bytes()


def test_a_spreadsheet_has_a_row_for_each_decision(tmp_path: Path) -> None:
    """The columns of 21 CFR 11.50 first, and what came of each."""
    [approved, unsent] = _csv(
        tmp_path,
        entry(),
        receipt(outcome="applied"),
        receipt(reviewers=("r.mora", "l.park")),
        entry(nonce="b" * 32, request_id="", meaning="", at="long ago", decision="reject"),
        entry(AuditKind.DECISION_NOT_SENT, nonce="b" * 32, outcome="No broker."),
        entry(AuditKind.REQUEST_OPENED),
    )

    assert HEADINGS[:3] == ("printed name", "date and time", "meaning")
    assert [approved[name] for name in HEADINGS[:5]] == [
        "Rosa Mora", "2026-03-02 04:15:05 -05:00", "approval", "approved", "executed"
    ]  # fmt: skip
    assert [unsent[name] for name in HEADINGS[1:5]] == [
        "long ago (no time)", NOT_SIGNED, "rejected", "No broker."
    ]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_runs_or_hides_anything(tmp_path: Path, text: str) -> None:
    """Whatever an agent calls its tool, and a person themselves."""
    hostile = entry(action=text, actor=Actor(id="r.mora", name=text), context_id=text)
    [row] = _csv(tmp_path, hostile)
    raw = (tmp_path / "decisions.csv").read_bytes()

    assert raw.count(b"\r\n") == 2
    for name in ("printed name", "tool", "context id"):
        assert not row[name].lstrip(" ").startswith(tuple("=+-@\t\r\n＝＋－＠"))
        assert row[name].isprintable()
        assert len(row[name]) < 10 * MOST_CHARACTERS
    assert row["printed name"] != text or text.isprintable()


def test_reasons_are_shown_to_whom_they_may_be(tmp_path: Path) -> None:
    """Otherwise their digests only."""
    envelope = registered.signed(registered.decision())
    record = signed_record(envelope, "Paid twice already", comment_digest="sha-256:12")
    for place, (reasons, shown) in enumerate(((False, ""), (True, "Paid twice already"))):
        folder = tmp_path / str(place)
        [row] = _csv(folder, record, reasons=reasons)
        assert (row["reason"], row["reason digest"]) == (shown, "sha-256:12")
    assert not Beside(secrets=beside().secrets).reasons


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zoë Łukasz Ωμέγα Иван", "Zoë Łukasz Ωμέγα Иван"),
        ("Zoe\u0308", "Zoë"),
        ("a\u202eb", "a‹U+202E RLO›b"),
        ("a\u2028b", "a‹U+2028›b"),
        ("\ufe0f", "‹U+FE0F›"),
        ("‹", "‹U+2039›"),
        ("x" * 3000, "x" * 2000 + "… (3,000 characters)"),
        ("q" + "\u0323" * 9, "q" + "\u0323" * 4 + "‹U+0323›" * 5),
        ("किताब 张伟", "किताब 张伟"),
    ],
)
def test_what_hides_is_spelt_out(text: str, shown: str) -> None:
    """And nothing else, where the reader's fonts draw it."""
    assert printed(text) == shown


def test_what_the_paper_cannot_draw_is_spelt_out() -> None:
    """A name in letters that our fonts lack is there by its code points."""
    drawable = frozenset(TTFont(resource("fonts", "Inter-Regular.otf")).getBestCmap())
    assert printed("Иван 张伟 q\u0323", drawable) == "Иван ‹U+5F20›‹U+4F1F› q‹U+0323›"


def test_a_paper_shows_the_signature_of_each_decision(tmp_path: Path) -> None:
    """Of two people who approved, each with name, time and meaning; and of one who did not."""
    envelope = registered.signed(registered.decision())
    lee = Actor(id="l.park", name="Łukasz Park")
    paper = _paper(
        tmp_path,
        entry(),
        entry(actor=lee, nonce="b" * 32, role="controller"),
        receipt(reviewers=("r.mora", "l.park")),
        signed_record(
            envelope,
            "The supplier is not known.",
            actor=lee,
            decision="reject",
            meaning="rejection",
            request_id="c" * 32,
            nonce="c" * 32,
            offset_minutes=60,
        ),
        reasons=True,
    )
    lines = lines_of(paper)

    assert lines.count("Rosa Mora (r.mora), as treasury") == 1
    assert "Łukasz Park (l.park), as controller" in lines
    assert lines.count("2026-03-02 04:15:05 -05:00  (UTC 2026-03-02T09:15:05Z)") == 2
    assert "2026-03-02 10:15:05 +01:00  (UTC 2026-03-02T09:15:05Z)" in lines
    assert (lines.count("approval"), lines.count("rejection")) == (2, 1)
    assert lines.count("executed") == 2
    assert "The supplier is not known." in lines
    assert {"page 1 of ", "page 2 of ", "How to verify", "What is not in it"} <= set(lines)


def test_the_same_decisions_make_the_same_paper(tmp_path: Path) -> None:
    """To the byte; and another one with another decision."""
    first = _paper(tmp_path / "1", entry(), receipt())
    again = _paper(tmp_path / "2", entry(), receipt())
    other = _paper(tmp_path / "3", entry(decision="reject"), receipt())

    assert first == again
    assert first != other
    assert first.startswith(b"%PDF-1.")
    assert first.count(b"/Type /Page\n") == 1


def test_many_decisions_take_many_pages(tmp_path: Path) -> None:
    """Nobody is warned of letters that are missing: none is."""
    records = [entry(nonce=f"{n:032x}", request_id=f"{n:032x}") for n in range(60)]
    paper = _paper(tmp_path, *records)
    assert paper.count(b"/Type /Page\n") >= 20


@pytest.mark.parametrize(("decided", "pages"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
def test_what_it_lacks_is_said_on_one_page(tmp_path: Path, decided: int, pages: int) -> None:
    """Not torn in two: it moves to the next one where there is no room for it."""
    records = [entry(nonce=f"{n:032x}", request_id=f"{n:032x}") for n in range(decided)]
    paper = _paper(tmp_path, *records)
    assert paper.count(b"/Type /Page\n") == pages


def test_no_text_breaks_the_paper(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not a megabyte, not half a character's worth of marks, not a page count of somebody's own."""
    records = [
        entry(action=text, actor=Actor(name=text), context_id=text, agent=text, meaning="")
        for text in HOSTILE
    ]
    records.append(entry(actor=Actor(), action="", decision="", edited_args_digest="sha-256:1"))
    with caplog.at_level(logging.WARNING):
        paper = _paper(tmp_path, *records)
    assert paper.count(b"/Type /Page\n") > 5
    assert "missing" not in caplog.text


def test_a_paper_nobody_would_read_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what to do instead, and leaves no file."""
    monkeypatch.setattr(pdf, "MOST_DECISIONS", 2)
    with pytest.raises(NotExported, match="A PDF holds 2 decisions; these are 3"):
        _paper(tmp_path, entry(), entry(nonce="b" * 32), entry(nonce="c" * 32))
    assert [path.name for path in tmp_path.glob("*.pdf*")] == []


def test_a_paper_says_what_was_asked_for(tmp_path: Path) -> None:
    """Signed or not, at whatever time it was made."""
    log = write_log(tmp_path / "log.sqlite", [entry(), entry(decision="reject")], sign=True)
    report = export(log, ExportFormat.PDF, tmp_path / "x.pdf", AuditQuery(outcome="reject"))
    lines = lines_of((tmp_path / "x.pdf").read_bytes())

    assert report.rows == 1
    assert "outcome: reject" in lines
    assert any(line.startswith("signoff.audit/") for line in lines)
