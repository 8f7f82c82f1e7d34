"""A message is one that every collector reads, whatever an entry quotes."""

from __future__ import annotations

import json

import pytest

from desktop.audit.chain import BEGINNING
from desktop.audit.entries import Actor, AuditEntry, AuditKind, write_entry
from desktop.audit.exporting.ocsf import event
from desktop.audit.exporting.syslog import frame
from desktop.audit.log import Kept
from tests.support.exported import AT, entry, receipt


def _kept(told: AuditEntry) -> Kept:
    return Kept(7, write_entry(told), BEGINNING, bytes(32))


@pytest.mark.parametrize(
    ("told", "severity"),
    [
        (receipt(), 6),
        (entry(), 5),
        (receipt(outcome="failed"), 4),
        (entry(AuditKind.PASSPHRASE_WRONG), 3),
    ],
)
def test_a_message_has_its_length_its_priority_and_its_event(
    told: AuditEntry, severity: int
) -> None:
    """Facility 13, log audit (RFC 5424, 6.2.1); framed by its length (RFC 6587, 3.4.1)."""
    length, _, message = frame(_kept(told)).partition(b" ")
    assert len(message) == int(length)
    header, text = message.decode("ascii").split(" - ", 2)[::2]
    assert header == f"<{13 * 8 + severity}>1 {AT} desk-2 signoff"
    assert json.loads(text) == event(_kept(told))


@pytest.mark.parametrize(
    ("at", "device", "shown"),
    [
        ("2026-03-02T09:15:05.123Z", "desk 2\n", "2026-03-02T09:15:05.123Z desk2"),
        ("2026-03-02T09:15:05-05:00", "", "2026-03-02T09:15:05-05:00 -"),
        ("long ago", "d" * 300, f"- {'d' * 255}"),
        ("2026-03-02T09:15:05.1234567Z", "Zoë", "- Zo"),
    ],
)
def test_what_has_no_form_there_is_left_out(at: str, device: str, shown: str) -> None:
    """A time that is none, and what no host's name may hold."""
    message = frame(_kept(entry(at=at, actor=Actor(device=device))))
    assert message.split(b" ", 1)[1].startswith(f"<109>1 {shown} signoff - decision - ".encode())
