"""Checkpoints are in the form that others read, and nobody else can make one."""

from __future__ import annotations

import base64

import pytest

from desktop.audit.checkpoints import (
    BadCheckpoint,
    Checkpoint,
    open_note,
    origin_of,
    read_checkpoint,
    sign_checkpoint,
    sign_note,
)
from tests.support.audited import KEYS
from tests.support.registered import STRANGER
from workers.wire.signing.keys import VerifyKey

#: The example of golang.org/x/mod/sumdb/note, which the C2SP specification was made from.
_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\N{EM DASH} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
    "qdngotpRZb6KE6RyyBwJnAM=\n"
)
_PETER = VerifyKey(base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:])
_ROOT = bytes(range(32))
_KEY = KEYS.install
_NAME = origin_of(_KEY.public)
_OURS = sign_checkpoint(42, _ROOT, _KEY)


def test_a_published_note_is_read() -> None:
    """And one with another's signature beside it."""
    text = open_note(_NOTE, "PeterNeumann", _PETER)
    assert text.endswith("your problem is.\n")
    other = sign_note(text, "stranger", STRANGER).rpartition("\n\n")[2]
    assert open_note(_NOTE + other, "PeterNeumann", _PETER) == text


def test_a_checkpoint_says_what_was_signed() -> None:
    """Origin, size and root, each on a line (C2SP tlog-checkpoint)."""
    lines = _OURS.split("\n")
    assert lines[1:3] == ["42", base64.b64encode(_ROOT).decode()]
    assert lines[4].startswith(f"\N{EM DASH} {lines[0]} ")
    origin = origin_of(_KEY.public)
    assert read_checkpoint(_OURS, _KEY.public) == Checkpoint(origin, 42, _ROOT)
    of_nothing = sign_checkpoint(0, _ROOT, _KEY)
    assert read_checkpoint(of_nothing, _KEY.public) == Checkpoint(origin, 0, _ROOT)


def test_another_key_of_the_same_name_is_passed_over() -> None:
    """A name is anybody's to take; the key it goes with is not."""
    text, _, ours = _OURS.rpartition("\n\n")
    theirs = sign_note(f"{text}\n", origin_of(_KEY.public), STRANGER)
    assert read_checkpoint(theirs + ours, _KEY.public).size == 42


@pytest.mark.parametrize(
    "note",
    [
        "",
        "no note",
        _OURS.rstrip("\n"),
        _OURS.replace("\n42\n", "\n43\n"),
        _OURS.replace("\N{EM DASH}", "-"),
        _OURS.replace("\N{EM DASH} ", "\N{EM DASH} x "),
        _OURS.rpartition(" ")[0] + " QUJD\n",
        _OURS.replace(_OURS.split(" ")[-1], "AAAA\n"),
        _OURS[:-1] + "x",
        _OURS.replace("\N{EM DASH} ", ""),
        _OURS.replace(_OURS[-20:], f"*{_OURS[-20:]}"),
        _OURS.replace("\n\n", "\n\n\N{EM DASH} other AAAAAA==\n"),
        sign_checkpoint(42, _ROOT, STRANGER),
        _OURS.replace("signoff.audit", "signoff.other"),
        sign_note(_OURS.replace("signoff.", "x.").rpartition("\n\n")[0] + "\n", _NAME, _KEY),
        *(
            sign_note(f"{_NAME}\n{rest}", _NAME, _KEY)
            for rest in (
                "042\n" + base64.b64encode(_ROOT).decode() + "\n",
                "-1\n" + base64.b64encode(_ROOT).decode() + "\n",
                "42\nAAAA\n",
                "x\nAAAA\n",
                "42\n",
                f"42\n{base64.b64encode(_ROOT).decode()}\nmore\n",
            )
        ),
        _OURS.replace("42", "\ud800"),
    ],
)
def test_what_is_no_checkpoint_is_not_taken_for_one(note: str) -> None:
    """Neither somebody else's, nor one that was changed, nor one in another form."""
    with pytest.raises(BadCheckpoint):
        read_checkpoint(note, _KEY.public)


def test_a_signature_is_of_a_text() -> None:
    """And not of the line's end that would be there without one."""
    line = sign_note("\n", _NAME, _KEY).removeprefix("\n\n")
    assert line.startswith("\N{EM DASH} ")
    with pytest.raises(BadCheckpoint, match="no signed note"):
        open_note(line, _NAME, _KEY.public)
