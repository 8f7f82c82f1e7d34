"""Decisions with something changed, as many as are asked for: by bytes, and by structure.

The only place that makes them. The same number gives the same ones each time.
"""

from __future__ import annotations

import base64
import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import msgspec

from tests.support.attack_target import Target, plain
from tests.support.registered import CALL, LEE, NOW, ROOT_1, ROSA, STRANGER, WORKER, registry
from workers.wire.canonical import JSON
from workers.wire.codec import decode_json
from workers.wire.errors import DecodeError
from workers.wire.policy.demands import Demand
from workers.wire.policy.judging import judge
from workers.wire.policy.votes import Standing
from workers.wire.signing.distrust import NotTrusted
from workers.wire.signing.dsse import pae, seal
from workers.wire.signing.statements import DECISION_TYPE, PolicyName, canonical

_CHANCE: Final = 20_260_302
_KEYS: Final = (ROSA, LEE, WORKER, ROOT_1, STRANGER)
_WORDS: Final[tuple[Any, ...]] = (
    None, True, False, 0, 1, -1, 2**53, 1e308, "", "\u0000", "\u202e", "r.mora", "l.park",
    "approve", "reject", "approval", [], {}, [[]], "A" * 300, NOW, NOW + 10**6, "é", "e\u0301",
)  # fmt: skip
_TARGET: Final = Target({}, NOW)
_GOOD: Final[Any] = _TARGET.signed()
_OTHER: Final[Any] = _TARGET.signed(nonce="cd" * 16, context_id="c-2", exp=NOW + 299)
_STATED: Final[Any] = plain(_TARGET.statement())

Mutation: TypeAlias = Callable[[random.Random], JSON]


def mutated(count: int, chance: int = _CHANCE) -> Iterator[JSON]:
    """So many envelopes, none of which says what the valid one says."""
    source = random.Random(chance)  # noqa: S311 - the same each time is what is wanted
    made = 0
    while made < count:
        value = source.choice(_MUTATIONS)(source)
        if value != _GOOD:
            made += 1
            yield value


def accepted(count: int, chance: int = _CHANCE) -> tuple[int, int]:
    """Put them to the judge.

    Returns:
        How many were tried, and how many of those would have let the call run.
    """
    known, demand = registry(), Demand(gated=True)
    policy = PolicyName(id="payments", version=7)
    tried = let_through = 0
    for value in mutated(count, chance):
        tried += 1
        try:
            found = judge([value], CALL, demand, known, NOW, requester="", policy=policy)
        except NotTrusted:
            continue
        let_through += found.tally.standing is Standing.APPROVED
    return tried, let_through


def _bytes_of_the_envelope(source: random.Random) -> JSON:
    """Bytes changed, cut, doubled or swapped, and read as the worker reads them."""
    raw = bytearray(msgspec.json.encode(_GOOD))
    _spoil(raw, source)
    try:
        return decode_json(bytes(raw))
    except DecodeError:
        return None


def _bytes_of_the_payload(source: random.Random) -> JSON:
    raw = bytearray(base64.b64decode(_GOOD["payload"]))
    _spoil(raw, source)
    return {**_GOOD, "payload": base64.b64encode(raw).decode()}


def _bytes_of_the_signature(source: random.Random) -> JSON:
    [signature] = _GOOD["signatures"]
    raw = bytearray(base64.b64decode(signature["sig"]))
    _spoil(raw, source)
    return {**_GOOD, "signatures": [{**signature, "sig": base64.b64encode(raw).decode()}]}


def _spoil(raw: bytearray, source: random.Random) -> None:
    for _ in range(source.choice((1, 1, 1, 2, 5))):
        place = source.randrange(len(raw)) if raw else 0
        match source.randrange(5):
            case 0 if raw:
                raw[place] ^= 1 << source.randrange(8)
            case 1 if raw:
                raw[place] = source.randrange(256)
            case 2:
                del raw[place : place + source.randint(1, 4)]
            case 3:
                raw[place:place] = raw[place : place + source.randint(1, 9)]
            case _:
                raw[place:place] = source.randbytes(source.randint(1, 4))


def _characters(source: random.Random) -> JSON:
    """A character of one of the envelope's texts, as base64 might be bent."""
    value = copy.deepcopy(_GOOD)
    holder, name = source.choice(
        [(value, "payload"), (value, "payloadType"), (value["signatures"][0], "sig"),
         (value["signatures"][0], "keyid")]
    )  # fmt: skip
    text = holder[name]
    place = source.randrange(len(text) + 1)
    new = source.choice("ABab01+/=-_ \n\té%")
    holder[name] = text[:place] + new + text[place + source.randrange(2) :]
    return _plain(value)


def _members(source: random.Random) -> JSON:
    """A member of the envelope that is gone, new, or something else."""
    value = copy.deepcopy(_GOOD)
    holder = source.choice([value, value["signatures"][0]])
    name = source.choice([*holder, "alg", "typ", "kid", "jwk", "x5c", "payload", "protected"])
    if source.randrange(3) == 0:
        holder.pop(name, None)
    else:
        holder[name] = source.choice(_WORDS)
    return _plain(value)


def _statement(source: random.Random) -> JSON:
    """Members of the statement changed, under the old signature or one of somebody else."""
    stated = copy.deepcopy(_STATED)
    for _ in range(source.randint(1, 3)):
        holder = stated
        name = source.choice([*holder])
        while isinstance(holder[name], dict) and holder[name] and source.randrange(2):
            holder = holder[name]
            name = source.choice([*holder])
        holder[name] = source.choice(_WORDS)
    try:
        payload = canonical(stated)
    except NotTrusted:
        return None
    if source.randrange(2):
        return {**_GOOD, "payload": base64.b64encode(payload).decode()}
    sealed = plain(seal(DECISION_TYPE, payload, [source.choice(_KEYS[1:])]))
    return _plain(sealed)


def _resigned(source: random.Random) -> JSON:
    """The valid statement under other keys, other ids, or as another kind."""
    payload = canonical(_STATED)
    key, named = source.choice(_KEYS[1:]), source.choice(_KEYS)
    kind = source.choice((DECISION_TYPE, "", "x", DECISION_TYPE + " ", "application/json"))
    message = source.choice((pae(kind, payload), payload, payload + b"\0", pae(kind, b"")))
    signature = {
        "keyid": named.public.key_id,
        "sig": base64.b64encode(key.sign(message)).decode(),
    }
    return _plain({**_GOOD, "payloadType": kind, "signatures": [signature]})


def _mixed(source: random.Random) -> JSON:
    """Parts of two valid decisions, or a signature more than there should be."""
    value = copy.deepcopy(_GOOD)
    match source.randrange(4):
        case 0:
            value["payload"] = _OTHER["payload"]
        case 1:
            value["signatures"] = _OTHER["signatures"]
        case 2:
            value["signatures"] = [*value["signatures"], *_OTHER["signatures"]]
        case _:
            value = _OTHER
    return _plain(value)


def _plain(value: object) -> JSON:
    """As it would arrive."""
    return decode_json(json.dumps(value).encode())


_MUTATIONS: Final[tuple[Mutation, ...]] = (
    _bytes_of_the_envelope,
    _bytes_of_the_payload,
    _bytes_of_the_signature,
    _characters,
    _members,
    _statement,
    _resigned,
    _mixed,
)
