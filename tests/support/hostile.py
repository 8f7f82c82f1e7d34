"""Hostile words of workers and strangers: requests, votes, claims and receipts that nobody means.

The only place that makes them. Each is well-formed enough to be read as far as possible; numbers
that JSON does not have are written as such.
"""

from __future__ import annotations

import random
from typing import Any

import msgspec

from tests.support import scenes
from workers.wire.approvals import Mode, PolicyTerms, QuorumTerms
from workers.wire.codec import encode_event
from workers.wire.signing.keys import SigningKey

_MARK = '"@raw@'
#: Written without quotes: no encoder lets some of them out.
_RAW = ("NaN", "Infinity", "1e999", "-1e308", "9" * 400)
_TEXTS = ("", "\x00", "\u202egnp.exe", "x" * 20_000, "{agent}", "../../etc", "null", "é" * 500)
_ODD: tuple[Any, ...] = (
    *(f"{_MARK[1:]}{raw}" for raw in _RAW), *_TEXTS,
    None, True, -1, 0, 2**63, 1.5, [], {}, [[]], [None], {"": None}, [{"count": -1}],
)  # fmt: skip
#: What a policy may ask for, of which each is too much.
TERMS: tuple[dict[str, Any], ...] = (
    {"quorums": [{"count": 2**53 - 1}]},
    {"quorums": [{"count": 10**12, "roles": ["treasury"] * 5000}]},
    {"quorums": [{"count": 1, "roles": [f"r{n}"]} for n in range(3000)]},
    {"masked": [f"/field{n}/*" for n in range(10_000)]},
    {"masked": ["/*" * 3000, "", "~", "/~2", "no slash"]},
    {"meanings": ["", "approval\x00", "everything", *["x"] * 2000]},
    {"why": ["\u202e" * 5000] * 10},
    {"dwell_seconds": 1e308},
)


class Hostile:
    """Makes them by chance, the same for one seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - the same attacks in every run

    def request(self, context_id: str, call: str, key: SigningKey | None = None) -> bytes:
        """An interrupt of our worker whose request says something odd.

        Args:
            key: of a worker that means it; what nobody signed is forged.
        """
        chance = self._chance
        terms = PolicyTerms(id="payments", version=7, quorums=(QuorumTerms(count=2),))
        if key is not None:
            terms = msgspec.convert({**_plain(terms), **chance.choice(TERMS)}, PolicyTerms)
        event = scenes.asks(
            call=call, context_id=context_id, mode=Mode.ENFORCE, policy=terms, key=key
        )
        if key is not None:
            return encode_event(event)
        whole = msgspec.json.decode(encode_event(event))
        asked = whole["data"]["message"]["approval_request"]
        for _ in range(chance.randint(1, 3)):
            part = chance.choice((asked, asked["policy"], asked["requester"]))
            if isinstance(part, dict) and part:
                part[chance.choice(list(part))] = chance.choice(_ODD)
            if not isinstance(asked["policy"], dict) or not isinstance(asked["requester"], dict):
                break
        if isinstance(asked["policy"], dict) and chance.random() < 0.5:
            asked["policy"] |= chance.choice(TERMS)
        return _written(whole)

    def vote(self) -> bytes:
        """What lies beside a request as if somebody had signed it."""
        envelope = {"payloadType": self._odd(), "payload": self._odd(), "signatures": self._odd()}
        return _written({"v": 1, "envelope": self._one_of(envelope), "args": self._odd()})

    def claim(self) -> bytes:
        """Who is said to look at a request."""
        return _written({"by_id": self._odd(), "by_name": self._odd(), "desk": self._odd()})

    def receipt(self, context_id: str, call: str) -> bytes:
        """What a worker is said to have done."""
        told = _plain(scenes.receipt(call=call, context_id=context_id))
        for _ in range(self._chance.randint(1, 3)):
            told[self._chance.choice(list(told))] = self._odd()
        told["reviewers"] = self._one_of(["\u202e" * 900], ["x"] * 3000, [""], self._odd())
        return _written(told)

    def _odd(self) -> Any:  # noqa: ANN401 - whatever it is
        return self._chance.choice(_ODD)

    def _one_of(self, *values: Any) -> Any:  # noqa: ANN401
        return self._chance.choice((*values, self._odd()))


def _plain(value: object) -> dict[str, Any]:
    return dict(msgspec.to_builtins(value))


def _written(value: object) -> bytes:
    text = msgspec.json.encode(value).decode()
    for raw in _RAW:
        text = text.replace(f'{_MARK}{raw}"', raw)
    return text.encode()
