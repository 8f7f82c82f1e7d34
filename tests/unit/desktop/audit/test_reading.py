"""What is found in a log, what is wrong in it, and what an entry opens as."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import structs

from desktop.audit.entries import Actor, AuditEntry, AuditKind, happened
from desktop.audit.keys import LogKeys
from desktop.audit.known import Mark
from desktop.audit.log import AuditLog, AuditUnavailable, read_secret
from desktop.audit.reading import AuditReader
from desktop.store.record import AuditQuery, AuditWord, Shown

LATER_MS = 10 * 60 * 1000
ROSA = Actor(id="r.mora", name="Rosa Mora")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is."""
    return tmp_path / "log.sqlite"


@pytest.fixture
def log(path: Path) -> Iterator[AuditLog]:
    """A log to be written."""
    with closing(AuditLog(path)) as opened:
        yield opened


def decision(digit: str = "1", said: str = "approve", kind: str = "decision") -> AuditEntry:
    """A decision of ours on a request of its own."""
    return structs.replace(
        happened(AuditKind(kind)),
        actor=ROSA,
        context_id=f"c-{digit}",
        agent="treasury_agent",
        action="transfer_funds",
        tool_call_id=f"call-{digit}",
        request_id=digit * 32,
        nonce=f"a{digit * 31}",
        decision=said,
    )


def receipt(digit: str = "1", outcome: str = "executed", **news: str) -> AuditEntry:
    """What a worker says came of that decision."""
    told = structs.replace(decision(digit), kind=AuditKind.RECEIPT, outcome=outcome)
    return structs.replace(told, **news)


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def now_ms() -> int:
    """A moment in which no decision is new any more."""
    return _wall_ms() + LATER_MS


def findings_of(path: Path, at_ms: int | None = None) -> dict[int, str]:
    """Number and title of each finding."""
    with closing(AuditReader(path)) as reader:
        page = reader.page(AuditQuery(findings_only=True), 1, at_ms or now_ms())
    return {row.number: row.finding for row in page.rows}


@pytest.mark.parametrize(
    ("entries", "numbers"),
    [
        pytest.param([decision(), receipt()], [], id="decided-and-run"),
        pytest.param([decision()], [1], id="never-answered"),
        pytest.param([decision(), decision(kind="decision.not_sent")], [], id="did-not-leave"),
        pytest.param([decision(), decision(kind="decision.joined")], [], id="waits-for-others"),
        pytest.param([decision(), receipt(outcome="refused:mismatch")], [], id="refused"),
        pytest.param(
            [decision(), receipt(nonce="b" * 32, outcome="applied")], [], id="others-completed-it"
        ),
        pytest.param(
            [decision(), receipt(nonce="b" * 32, outcome="refused:malformed")],
            [1],
            id="another-was-refused",
        ),
        pytest.param([structs.replace(decision(), request_id="")], [], id="foreign-worker"),
        pytest.param([receipt()], [1], id="nobody-decided"),
        pytest.param([receipt(), decision(kind="decision.seen")], [], id="told-late"),
        pytest.param([decision(said="reject"), receipt()], [2], id="rejected-and-run"),
        pytest.param([receipt(outcome="applied")], [], id="others-decision-taken"),
        pytest.param(
            [receipt(outcome="applied", detail="decision.unsigned_accepted")], [1], id="unsigned"
        ),
        pytest.param(
            [decision(), receipt(outcome="refused:not_enough", detail="is_requester")],
            [2],
            id="own-request",
        ),
        pytest.param([receipt(outcome="refused:untrusted")], [1], id="not-believed"),
    ],
)
def test_what_should_be_looked_at_is_found(
    log: AuditLog, path: Path, entries: list[AuditEntry], numbers: list[int]
) -> None:
    """Whatever the order, and whether the index saw them together or one by one."""
    index = path.with_suffix(".index")
    for entry in entries:
        log.append(entry)
        with closing(AuditReader(path, index)) as reader:
            one_by_one = reader.page(AuditQuery(findings_only=True), 1, now_ms())
    assert list(findings_of(path)) == numbers
    assert [row.number for row in one_by_one.rows] == numbers
    assert all(row.word is AuditWord.WRONG for row in one_by_one.rows)


def test_a_decision_is_given_time_to_be_answered(log: AuditLog, path: Path) -> None:
    """It is no finding while its worker may still be at it."""
    log.append(decision())
    assert findings_of(path, _wall_ms()) == {}
    assert findings_of(path) == {1: "No worker answered this decision within 60 s"}


def test_entries_come_in_pages(log: AuditLog, path: Path) -> None:
    """Findings first, then the newest first; each entry once."""
    log.append(receipt("9"))
    for digit in "12345":
        log.append(decision(digit))
        log.append(receipt(digit))
    with closing(AuditReader(path)) as reader:
        first = reader.page(AuditQuery(limit=4), 1, now_ms())
        later = reader.page(AuditQuery(limit=4, before=first.next_before), 2, now_ms())
        last = reader.page(AuditQuery(limit=4, before=later.next_before), 3, now_ms())
    assert [row.number for row in first.rows] == [1, 11, 10, 9, 8]
    assert [row.number for row in later.rows] == [7, 6, 5, 4]
    assert [row.number for row in last.rows] == [3, 2, 1]
    assert (first.total, last.next_before) == (11, 0)
    assert first.people == ("Rosa Mora",)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        (AuditQuery(person="ROSA"), [2, 1]),
        (AuditQuery(person="élo"), [3]),
        (AuditQuery(tool="record"), [3]),
        (AuditQuery(agent="treasury_agent"), [2, 1]),
        (AuditQuery(outcome="executed"), [2]),
        (AuditQuery(outcome="approve"), [2, 1]),
        (AuditQuery(text="CALL-3"), [3]),
        (AuditQuery(text="3" * 32), [3]),
        (AuditQuery(text="transfer", outcome="executed"), [2]),
        (AuditQuery(person="% OR 1=1"), []),
        (AuditQuery(since_ms=1, until_ms=2), []),
        (AuditQuery(since_ms=2), [3, 2, 1]),
    ],
)
def test_entries_are_found(
    log: AuditLog, path: Path, query: AuditQuery, numbers: list[int]
) -> None:
    """By any part of a name, in any case, and nothing in it is an operator."""
    log.append(decision())
    log.append(receipt())
    seen = structs.replace(decision("3", "reject"), actor=Actor(id="e.1", name="Élodie"))
    log.append(structs.replace(seen, action="send_record", agent="records_agent"))
    with closing(AuditReader(path)) as reader:
        page = reader.page(query, 1, _wall_ms())
    assert [row.number for row in page.rows] == numbers


def test_a_receipt_is_known_again(log: AuditLog, path: Path) -> None:
    """So that no run of a console writes it twice."""
    log.append(receipt())
    log.append(receipt("2", request_id="", nonce=""))
    with closing(AuditReader(path)) as reader:
        index = reader.index()
        mark = Mark("c-1", "call-1", "1" * 32, "a" + "1" * 31, "executed")
        assert index.knows(mark)
        assert index.knows(Mark("c-2", "call-2", "", "", "executed"))
        for news in ({"outcome": "failed"}, {"nonce": ""}, {"context_id": "c-2"}):
            assert not index.knows(mark._replace(**news))


def test_a_decision_opens_with_what_was_kept_of_it(path: Path) -> None:
    """Arguments for whoever has the key; the entry says the same without."""
    keys = LogKeys.generate()
    told = structs.replace(decision(), masked=("/iban",), meaning="approval")
    with closing(AuditLog(path, keys)) as log:
        log.append(told, {"args": json.dumps({"iban": "DE89"}), "comment": "matches"})
        log.append(receipt())
    with closing(
        AuditReader(path, None, lambda db, kept, name: read_secret(db, keys, kept, name))
    ) as reader:
        opened = reader.opened(1, now_ms())
    assert opened is not None
    assert (opened.shown, opened.args, opened.comment) == (Shown.KEPT, {"iban": "DE89"}, "matches")
    assert opened.masked == ("/iban",)
    assert [row.number for row in opened.related] == [2]
    assert opened.outcome[0].endswith("The worker ran the call.")
    assert "DE89" not in repr(opened)
    other = LogKeys.generate()
    for secrets in (None, lambda db, kept, name: read_secret(db, other, kept, name)):
        with closing(AuditReader(path, None, secrets)) as reader:
            unread = reader.opened(1, now_ms())
        assert unread is not None
        assert (unread.shown, unread.args) == (Shown.UNREADABLE, None)
        assert dict(unread.printed)["Meaning"] == "approval"


def test_shredded_arguments_are_told_from_lost_ones(path: Path) -> None:
    """The one was meant to happen."""
    keys = LogKeys.generate()
    with closing(AuditLog(path, keys)) as log:
        log.append(decision(), {"args": "{}"})
        with log.writing() as connection:
            connection.execute("DELETE FROM record_key")
    with closing(
        AuditReader(path, None, lambda db, kept, name: read_secret(db, keys, kept, name))
    ) as reader:
        opened = reader.opened(1, now_ms())
    assert opened is not None
    assert opened.shown is Shown.SHREDDED


@pytest.mark.parametrize("content", [b"", b"no database at all" * 1000])
def test_a_damaged_index_is_made_again(log: AuditLog, path: Path, content: bytes) -> None:
    """Nothing is lost with it."""
    log.append(decision())
    index = path.with_suffix(".index")
    index.write_bytes(content)
    with closing(AuditReader(path, index)) as reader:
        assert reader.page(AuditQuery(), 1, now_ms()).total == 1
    assert index.stat().st_mode & 0o077 == 0


def test_an_index_of_another_log_is_made_again(log: AuditLog, path: Path, tmp_path: Path) -> None:
    """Such as after a copy of the log was put back."""
    log.append(decision())
    index = path.with_suffix(".index")
    with closing(AuditReader(path, index)) as reader:
        reader.index()
    other = tmp_path / "other.sqlite"
    with closing(AuditLog(other)) as begun:
        for digit in "78":
            begun.append(decision(digit))
    with closing(AuditReader(other, index)) as reader:
        page = reader.page(AuditQuery(), 1, _wall_ms())
    assert [row.request_id for row in page.rows] == ["8" * 32, "7" * 32]


def test_looking_leaves_the_log_as_it_was(log: AuditLog, path: Path) -> None:
    """It may be evidence."""
    log.append(decision())
    log.close()
    before = path.read_bytes()
    with closing(AuditReader(path)) as reader:
        reader.page(AuditQuery(), 1, now_ms())
        reader.opened(1, now_ms())
    assert path.read_bytes() == before


def test_what_is_not_there_is_told(path: Path) -> None:
    """With a title and a hint, and without making a file."""
    with closing(AuditReader(path)) as reader, pytest.raises(AuditUnavailable) as caught:
        reader.page(AuditQuery(), 1, now_ms())
    assert (caught.value.title, bool(caught.value.hint)) == ("There is no audit log yet.", True)
    assert not path.exists()


def _scribble(log: AuditLog, number: int, body: bytes) -> None:
    """Put bytes into the log that are no entry."""
    with log.writing() as connection:
        insert = "INSERT INTO entry VALUES (?, ?, zeroblob(32), randomblob(32))"
        connection.execute(insert, (number, body))


def test_what_is_no_entry_is_shown_as_that(log: AuditLog, path: Path) -> None:
    """In its place, with what to do about it; it hides nothing else."""
    log.append(decision())
    _scribble(log, 2, b"\xff")
    _scribble(log, 3, b"{}")
    log.append(receipt())
    with closing(AuditReader(path)) as reader:
        page = reader.page(AuditQuery(), 1, now_ms())
        opened = reader.opened(2, now_ms())
    assert [(row.number, row.word) for row in page.rows] == [
        (3, AuditWord.WRONG),
        (2, AuditWord.WRONG),
        (4, AuditWord.FINE),
        (1, AuditWord.FINE),
    ]
    assert opened is not None
    assert opened.row.finding == "This entry cannot be read"
    assert "Verify the log" in opened.hint
    assert set(dict(opened.digests)) == {"This entry", "Entry before"}


def test_entries_are_asked_for_by_name_or_number(log: AuditLog, path: Path) -> None:
    """A request's name may be of digits alone; what is not there is not."""
    log.append(decision("1"))
    log.append(happened(AuditKind.SESSION_STARTED))
    with closing(AuditReader(path)) as reader:
        assert reader.numbers_of("1" * 32) == [1]
        assert reader.numbers_of("a" + "1" * 31) == [1]
        assert (reader.numbers_of("2"), reader.numbers_of("9")) == ([2], [])
        assert reader.numbers_of("9" * 16) == reader.numbers_of("") == []
        assert [one.number for one in reader.kept([2, 9, 1])] == [2, 1]
        assert reader.opened(9, now_ms()) is None
        alone = reader.opened(2, now_ms())
        assert alone is not None
        assert alone.related == ()
        late = "No worker answered this decision within 60 s"
        assert reader.findings([1, 2, 9], now_ms()) == {1: late}
        assert reader.findings([1], _wall_ms()) == {}


def test_a_text_that_could_not_be_kept_is_told_from_a_lost_one(log: AuditLog, path: Path) -> None:
    """There was no keyring then."""
    log.append(decision(), {"args": "{}", "comment": "No"})
    with closing(AuditReader(path, None, lambda _db, _kept, _name: None)) as reader:
        opened = reader.opened(1, now_ms())
    assert opened is not None
    assert (opened.shown, opened.comment) == (Shown.NOT_KEPT, "")


def test_a_reason_that_cannot_be_read_hides_nothing_else(path: Path) -> None:
    """It is left out."""
    keys, other = LogKeys.generate(), LogKeys.generate()
    with closing(AuditLog(path, keys)) as log:
        log.append(decision(), {"comment": "No"})
    with closing(
        AuditReader(path, None, lambda db, kept, name: read_secret(db, other, kept, name))
    ) as reader:
        opened = reader.opened(1, now_ms())
    assert opened is not None
    assert (opened.shown, opened.comment) == (Shown.NONE, "")


def test_what_was_not_taken_in_is_taken_in_the_next_time(log: AuditLog, path: Path) -> None:
    """As when the disk was full half-way; and a search that is given up can be asked again."""
    log.append(decision())
    index = path.with_suffix(".index")
    with closing(AuditReader(path, index)) as reader:
        reader.index().interrupt()
        with closing(sqlite3.connect(index)) as other:
            other.execute(
                "CREATE TRIGGER full BEFORE INSERT ON item BEGIN SELECT RAISE(ABORT, 'full'); END"
            )
        log.append(structs.replace(decision("2"), agent="records_agent"))
        with pytest.raises(AuditUnavailable, match="full"):
            reader.page(AuditQuery(), 1, now_ms())
        with closing(sqlite3.connect(index)) as other:
            other.execute("DROP TRIGGER full")
        found = reader.page(AuditQuery(agent="records"), 1, now_ms())
        assert [row.number for row in found.rows] == [2]
        kept = reader.index()
        reader.close()
        reader.close()
        kept.interrupt()


def test_a_log_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    """With what the system says."""
    path = tmp_path / "file" / "log.sqlite"
    path.parent.write_text("in the way")
    with closing(AuditReader(path)) as reader, pytest.raises(AuditUnavailable) as caught:
        reader.index()
    assert "Not a directory" in caught.value.title
    path = tmp_path / "log.sqlite"
    path.write_bytes(b"no database" * 1000)
    with closing(AuditReader(path)) as reader, pytest.raises(AuditUnavailable) as caught:
        reader.index()
    assert "signoff audit verify" in caught.value.hint
