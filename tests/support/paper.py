"""The words on a PDF page of ours, as somebody would read or copy them.

The only place that reads PDF, and only what fpdf2 writes: text by glyph, and for each font a table
of what its glyphs mean.
"""

from __future__ import annotations

import re
import zlib

_STREAM = re.compile(rb"stream\n(.*?)\nendstream", re.DOTALL)
_SHOWN = re.compile(rb"/F(\d) [\d.]+ Tf|\(((?:[^\\()]|\\.)*)\) Tj", re.DOTALL)
_MEANS = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]{4})>")
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def lines_of(paper: bytes) -> list[str]:
    """Every run of text in a PDF, in the order in which they were written."""
    streams = [_unpacked(found) for found in _STREAM.findall(paper)]
    tables = [
        {
            int(glyph, 16): chr(int(code, 16))
            for glyph, code in _MEANS.findall(one.split(b"bfchar")[1])
        }
        for one in streams
        if b"begincmap" in one
    ]
    lines, font = list[str](), 0
    for stream in streams:
        if b"begincmap" in stream or b" Tj ET" not in stream:
            continue
        for chosen, shown in _SHOWN.findall(stream):
            if chosen:
                font = int(chosen) - 1
                continue
            raw = _ESCAPED.sub(lambda one: _ESCAPES.get(one[1], one[1]), shown)
            glyphs = [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]
            lines.append("".join(tables[font][glyph] for glyph in glyphs))
    return lines


def _unpacked(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return stream
