"""An export on paper: the signature of each decision in a block of its own (21 CFR 11.50).

The only place that knows fpdf2. The same decisions give the same bytes; what the fonts of the
console cannot draw is spelt out, so that nothing is missing from a page unseen.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Container, Sequence
from datetime import datetime
from typing import Final, cast

from fpdf import FPDF
from fpdf.enums import DocumentCompliance, WrapMode, XPos, YPos
from fpdf.fonts import TTFFont

from desktop.assets import resource
from desktop.audit.exporting.decided import About, Decided, when
from desktop.audit.exporting.printed import MOST_CHARACTERS, printed
from desktop.audit.exporting.selecting import NotExported

#: More pages than this nobody reads, and all of them are made in memory.
MOST_DECISIONS: Final = 2000
_SANS, _MONO = "Inter", "JetBrainsMono"
_INK, _GREY, _LINE = (24, 28, 36), (96, 104, 118), (208, 213, 221)
_COLOURS: Final = {"approve": (21, 128, 61), "edit": (21, 128, 61), "reject": (185, 28, 28)}
_MARGIN, _LABEL, _GAP = 18.0, 38.0, 4.0
#: Room for a block of the usual length, in mm: it stays on one page.
_BLOCK: Final = 80.0
_END: Final = 52.0
_PAGE_NUMBER: Final = 20.0  # mm from the right edge; its own width is known only at the end
_TITLE: Final = "Decisions at a desk of Signoff"
#: What PDF/A wants to be said of a file.
_XMP: Final = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
  <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
    <rdf:Description rdf:about=""
        xmlns:dc="http://purl.org/dc/elements/1.1/"
        xmlns:xmp="http://ns.adobe.com/xap/1.0/"
        xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
        xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
        xmp:CreateDate="{at}" xmp:ModifyDate="{at}" xmp:MetadataDate="{at}"
        pdf:Producer="Signoff">
      <pdfaid:part>2</pdfaid:part>
      <pdfaid:conformance>U</pdfaid:conformance>
      <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
    </rdf:Description>
  </rdf:RDF>
</x:xmpmeta>"""
_VERIFY: Final = (
    "Ask the desk for the same entries as evidence (signoff audit export --format jsonl) and verify"
    " that file (signoff audit verify --file FILE): each entry proves that it is in the log of the"
    " root above. The hashes in this report are those of the entries. The report digest is the"
    " SHA-256 of the root and of these hashes, in order, as bytes. The log's own entry of this"
    " export has the digest of this file."
)
_LACKS: Final = (
    "Arguments, message texts and results: the log holds salted digests of them. Entries that are"
    " no decisions. Logs of other desks, and what was recorded after the time above."
)

# Its advice is about missing glyphs, and there are none: what cannot be drawn is spelt out.
logging.getLogger("fontTools").setLevel(logging.ERROR)


def paper(rows: Sequence[Decided], about: About) -> bytes:
    """The report as PDF.

    Raises:
        NotExported: more decisions than anybody reads.
    """
    if len(rows) > MOST_DECISIONS:
        title = f"A PDF holds {MOST_DECISIONS:,} decisions; these are {len(rows):,}."
        raise NotExported(title, "Narrow down what you ask for, or export CSV or JSON Lines.")
    sheet = _Sheet(report_digest(rows, about))
    made = datetime.fromisoformat(about.made.at)
    sheet.set_creation_date(made)
    # fpdf2's own would say when the file was written, and so be another each time.
    sheet.set_xmp_metadata(_XMP.format(title=_TITLE, at=made.isoformat(timespec="seconds")))
    sheet.add_page()
    _write_beginning(sheet, rows, about)
    for row in rows:
        _write_block(sheet, row)
    _write_end(sheet, about)
    return bytes(sheet.output())


def report_digest(rows: Sequence[Decided], about: About) -> str:
    """What tells one report from another, hex: of the log's root and the entries' hashes."""
    digest = hashlib.sha256(about.chosen.root)
    for row in rows:
        digest.update(row.kept.hash)
    return digest.hexdigest()


class _Sheet(FPDF):
    """A4 with our fonts, and on each page which it is of how many."""

    def __init__(self, digest: str) -> None:
        # PDF/A-2u: to be kept for years, and every letter can be copied as what it is.
        super().__init__(format="A4", enforce_compliance=DocumentCompliance.PDFA_2U)
        self._digest = digest
        # Nobody can write this into a log beforehand: it depends on all that is in the report.
        self._pages = hashlib.sha256(f"pages {digest}".encode()).hexdigest()[:24]
        self.alias_nb_pages(self._pages)
        self.set_margin(_MARGIN)
        self.c_margin = 0  # letters begin where the lines do
        self.set_auto_page_break(auto=True, margin=_MARGIN + 6)
        for style, file in (("", "Inter-Regular.otf"), ("B", "Inter-SemiBold.otf")):
            self.add_font(_SANS, style, resource("fonts", file))
        self.add_font(_MONO, "", resource("fonts", "JetBrainsMono-Regular.ttf"))
        self.set_title(_TITLE)
        self.set_producer("Signoff")
        self.set_lang("en")

    def footer(self) -> None:
        """Which page, and of which report."""
        self.set_y(-_MARGIN + 2)
        self.set_draw_color(*_LINE)
        self.line(_MARGIN, self.get_y() - 2, self.w - _MARGIN, self.get_y() - 2)
        self.choose(_MONO, 6.5, _GREY)
        self.cell(self.epw - _PAGE_NUMBER, 5, f"report {self._digest}")
        self.choose(_SANS, 8, _GREY)
        self.cell(0, 5, f"page {self.page_no()} of {self._pages}")

    def choose(
        self, font: str, size: float, ink: tuple[int, int, int] = _INK, bold: str = ""
    ) -> None:
        """Choose how to write on."""
        self.set_font(font, bold, size)
        self.set_text_color(*ink)

    def drawable(self) -> Container[int]:
        """Code points that the present font has a picture of."""
        return cast("TTFFont", self.current_font).cmap

    def put(self, text: str, height: float, most: int = MOST_CHARACTERS) -> None:
        """Write a paragraph; what would hide, or cannot be drawn, is spelt out."""
        shown = printed(text, self.drawable(), most)
        self.multi_cell(
            0,
            height,
            shown,
            align="L",
            wrapmode=WrapMode.CHAR if _is_solid(shown) else WrapMode.WORD,
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )

    def pair(self, label: str, text: str, *, mono: bool = False) -> None:
        """A label and what it is of; nothing if there is nothing."""
        if not text:
            return
        self.choose(_SANS, 8, _GREY)
        self.cell(_LABEL, 4.4, label)
        self.choose(_MONO if mono else _SANS, 7 if mono else 8)
        self.set_left_margin(_MARGIN + _LABEL)
        self.put(text, 4.4)
        self.set_left_margin(_MARGIN)
        self.set_x(_MARGIN)


def _is_solid(text: str) -> bool:
    """Whether a text has a word that is longer than a line."""
    return any(len(word) > 80 for word in text.split(" "))


def _write_beginning(sheet: _Sheet, rows: Sequence[Decided], about: About) -> None:
    chosen, made = about.chosen, about.made
    sheet.choose(_SANS, 17, bold="B")
    sheet.put("Decisions at this desk", 9)
    sheet.ln(2)
    asked = ", ".join(f"{name}: {value}" for name, value in about.asked.items())
    who = made.actor
    by = f"{who.name or who.os_user} ({who.id or 'no id'}) on {who.device}"
    sheet.pair("Made", f"{when(made)} by {by}")
    sheet.pair("Asked for", asked or "all decisions")
    sheet.pair("Decisions", f"{len(rows):,}")
    sheet.pair("Entries of the log", f"{chosen.size:,}")
    sheet.pair("Root of the log", chosen.root.hex(), mono=True)
    sheet.pair("Report digest", report_digest(rows, about), mono=True)
    for place, line in enumerate(chosen.note.splitlines()):
        sheet.pair("" if place else "Checkpoint", line, mono=True)
    if not chosen.note:
        sheet.pair("Checkpoint", "none: compare the root with one that was kept elsewhere")
    sheet.ln(3)


def _write_block(sheet: _Sheet, row: Decided) -> None:
    if sheet.will_page_break(_BLOCK):
        sheet.add_page()
    entry = row.entry
    sheet.set_draw_color(*_LINE)
    sheet.line(_MARGIN, sheet.get_y(), sheet.w - _MARGIN, sheet.get_y())
    sheet.ln(_GAP)
    sheet.choose(_SANS, 12, _COLOURS.get(entry.decision, _INK), "B")
    sheet.put(
        f"{row.decision.capitalize() or 'Decided'}: {entry.action or 'no tool named'}", 6, 120
    )
    sheet.ln(1)
    _write_signature(sheet, row)
    sheet.pair("What came of it", row.became or "nothing is recorded")
    reason = row.reason or (entry.comment_digest and f"digest {entry.comment_digest}")
    sheet.pair("Reason", reason or "none")
    sheet.pair("Agent", entry.agent)
    sheet.pair("Conversation", entry.context_id, mono=True)
    sheet.pair("Request", entry.request_id, mono=True)
    sheet.pair("Call", entry.tool_call_id, mono=True)
    sheet.pair("Arguments", entry.args_digest, mono=True)
    sheet.pair("Changed to", entry.edited_args_digest, mono=True)
    sheet.pair("Policy", entry.policy)
    sheet.pair("Signed decision", entry.envelope_digest, mono=True)
    sheet.pair(f"Entry {row.kept.number:,}", row.kept.hash.hex(), mono=True)
    sheet.ln(_GAP)


def _write_signature(sheet: _Sheet, row: Decided) -> None:
    """What 21 CFR 11.50 wants to see, larger than the rest."""
    entry = row.entry
    who = f"{row.name} ({entry.actor.id})" if entry.actor.id else row.name
    role = f", as {entry.role}" if entry.role else ""
    for label, text in (
        ("Printed name", f"{who}{role}"),
        ("Date and time", f"{row.when}  (UTC {entry.at})"),
        ("Meaning", row.meaning),
    ):
        sheet.choose(_SANS, 8, _GREY)
        sheet.cell(_LABEL, 5.4, label)
        sheet.choose(_SANS, 10, bold="B")
        sheet.set_left_margin(_MARGIN + _LABEL)
        sheet.put(text, 5.4, 300)
        sheet.set_left_margin(_MARGIN)
        sheet.set_x(_MARGIN)
    sheet.ln(1)


def _write_end(sheet: _Sheet, about: About) -> None:
    if sheet.will_page_break(_END):
        sheet.add_page()
    sheet.set_draw_color(*_LINE)
    sheet.line(_MARGIN, sheet.get_y(), sheet.w - _MARGIN, sheet.get_y())
    reasons = "" if about.chosen.beside.reasons else " Reasons, but for their digests."
    for title, text in (("How to verify", _VERIFY), ("What is not in it", f"{_LACKS}{reasons}")):
        sheet.ln(_GAP)
        sheet.choose(_SANS, 10, bold="B")
        sheet.put(title, 6)
        sheet.choose(_SANS, 8)
        sheet.put(text, 4.4)
