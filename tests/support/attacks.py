"""Ways to attack one signed decision, each by its name: what is sent instead of it.

The only place that lists them. They are made from a valid decision on a call, so that the same
attacks are put to the judge of a test and, over a broker, to a worker that serves.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from tests.support.attack_target import Target, plain, to_text
from tests.support.registered import LEE, ROOT_1, ROSA, STRANGER, WORKER
from workers.wire.approvals import DecisionKind
from workers.wire.canonical import JSON
from workers.wire.signing.assertions import HALT_TYPE, RECEIPT_TYPE, REQUEST_TYPE
from workers.wire.signing.distrust import Distrust
from workers.wire.signing.dsse import MAX_PAYLOAD_BYTES, MAX_SIGNATURES, pae, seal
from workers.wire.signing.statements import (
    DECISION_TYPE,
    ENROLMENT_TYPE,
    REGISTRY_TYPE,
    Meaning,
    Signer,
    write_statement,
)
from workers.wire.signing.verifying import CLOCK_SKEW_SECONDS, LONGEST_SECONDS

#: The order of the group of Ed25519: a signature plus it would fit as well, were it not refused.
_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_EMPTY: Final = base64.b64encode(bytes(64)).decode()


Attack: TypeAlias = Callable[[Target], JSON]


def _with(target: Target, **members: JSON) -> JSON:
    return {**target.signed(), **members}


def _sig(target: Target, sig: str, keyid: str = ROSA.public.key_id) -> JSON:
    return _with(target, signatures=[{"keyid": keyid, "sig": sig}])


def _raw_sig(target: Target) -> bytes:
    envelope: Any = target.signed()
    return base64.b64decode(envelope["signatures"][0]["sig"])


def _under_rosas_id(target: Target) -> JSON:
    message = pae(DECISION_TYPE, write_statement(target.statement()))
    return _sig(target, to_text(STRANGER.sign(message)))


def _plus_the_order(target: Target) -> JSON:
    raw = _raw_sig(target)
    scalar = int.from_bytes(raw[32:], "little") + _ORDER
    return _sig(target, to_text(raw[:32] + scalar.to_bytes(32, "little")))


def _labelled(target: Target, signed_as: str) -> JSON:
    """Signed as one kind of statement, and said to be a decision."""
    envelope: Any = plain(seal(signed_as, write_statement(target.statement()), [ROSA]))
    return {**envelope, "payloadType": DECISION_TYPE}


def _payload(target: Target, change: Callable[[str], str]) -> JSON:
    envelope: Any = target.signed()
    return {**envelope, "payload": change(envelope["payload"])}


def _spare_bits(text: str) -> str:
    """The same bytes in another text: bits that padding leaves unused are set."""
    body = text.rstrip("=")
    return body[:-1] + chr(ord(body[-1]) + 1) + "=" * (len(text) - len(body))


def _written(target: Target, change: Callable[[bytes], bytes]) -> JSON:
    """The statement written in another way, and signed so."""
    return target.of_bytes(change(write_statement(target.statement())))


def _keyed(target: Target, change: Callable[[str], str]) -> JSON:
    return _sig(target, to_text(_raw_sig(target)), change(ROSA.public.key_id))


def _rosa(**changes: str) -> Signer:
    return Signer(**{"id": "r.mora", "name": "Rosa Mora", "role": "treasury", **changes})


BAD, MALFORMED, UNKNOWN = Distrust.BAD_SIGNATURE, Distrust.MALFORMED, Distrust.UNKNOWN_KEY
WHO, TYPE = Distrust.WRONG_REVIEWER, Distrust.WRONG_TYPE

FORGED: Final[dict[str, tuple[Attack, Distrust]]] = {
    "forged": (lambda t: t.signed(STRANGER), UNKNOWN),
    "forged under a known key id": (_under_rosas_id, BAD),
    "signed by a root": (lambda t: t.signed(ROOT_1), UNKNOWN),
    "signed by a worker": (lambda t: t.signed(WORKER), WHO),
    "signed in another's name": (lambda t: t.signed(LEE), WHO),
    "signed by two": (lambda t: t.signed(ROSA, LEE), WHO),
    "another printed name": (lambda t: t.signed(reviewer=_rosa(name="A. Boss")), WHO),
    "another id": (lambda t: t.signed(reviewer=_rosa(id="a.boss")), WHO),
    "a role not held": (lambda t: t.signed(reviewer=_rosa(role="board")), Distrust.WRONG_ROLE),
    "no role": (lambda t: t.signed(reviewer=_rosa(role="")), Distrust.WRONG_ROLE),
    "no signature": (lambda t: _with(t, signatures=[]), MALFORMED),
    "too many signatures": (
        lambda t: _with(t, signatures=t.signed()["signatures"] * (MAX_SIGNATURES + 1)),
        MALFORMED,
    ),
    "64 empty signatures": (
        lambda t: _with(t, signatures=[{"keyid": ROSA.public.key_id, "sig": ""}] * 64),
        MALFORMED,
    ),
    "an empty signature": (lambda t: _sig(t, ""), BAD),
    "a signature of zeros": (lambda t: _sig(t, _EMPTY), BAD),
    "a signature cut short": (lambda t: _sig(t, to_text(_raw_sig(t)[:-1])), BAD),
    "a signature and more": (lambda t: _sig(t, to_text(_raw_sig(t) + b"\0")), BAD),
    "a signature plus the group's order": (_plus_the_order, BAD),
    "a signature that is no base64": (lambda t: _sig(t, "!"), MALFORMED),
    "a good signature beside a bad one": (
        lambda t: _with(
            t,
            signatures=[*t.signed()["signatures"], {"keyid": LEE.public.key_id, "sig": _EMPTY}],
        ),
        BAD,
    ),
    "a key id in capitals": (lambda t: _keyed(t, str.upper), UNKNOWN),
    "a key id cut short": (lambda t: _keyed(t, lambda text: text[:-1]), UNKNOWN),
    "a key id with blanks": (lambda t: _keyed(t, lambda text: f" {text}"), UNKNOWN),
    "no key id": (lambda t: _keyed(t, lambda _: ""), UNKNOWN),
}

TYPES: Final[dict[str, tuple[Attack, Distrust]]] = {
    **{
        f"said to be {kind or 'nothing'}": (lambda t, kind=kind: _with(t, payloadType=kind), TYPE)
        for kind in (
            "",
            REGISTRY_TYPE,
            REQUEST_TYPE,
            RECEIPT_TYPE,
            HALT_TYPE,
            ENROLMENT_TYPE,
            DECISION_TYPE.upper(),
            f"{DECISION_TYPE}; charset=utf-8",
            DECISION_TYPE.replace("v1", "v2"),
            "application/json",
        )
    },
    "signed as a request": (lambda t: _labelled(t, REQUEST_TYPE), BAD),
    "signed as a receipt": (lambda t: _labelled(t, RECEIPT_TYPE), BAD),
    "signed as nothing": (lambda t: _labelled(t, ""), BAD),
    "an algorithm named": (lambda t: _with(t, alg="none"), MALFORMED),
    "an algorithm named beside the signature": (
        lambda t: _with(t, signatures=[{**t.signed()["signatures"][0], "alg": "none"}]),
        MALFORMED,
    ),
    "no payload": (
        lambda t: {name: value for name, value in t.signed().items() if name != "payload"},
        MALFORMED,
    ),
    "no signatures": (
        lambda t: {name: value for name, value in t.signed().items() if name != "signatures"},
        MALFORMED,
    ),
    "null": (lambda _: None, MALFORMED),
    "a list": (lambda t: [t.signed()], MALFORMED),
    "a text": (lambda t: json.dumps(t.signed()), MALFORMED),
    "signatures by key id": (lambda t: _with(t, signatures={"keyid": "sig"}), MALFORMED),
    "a payload that was not encoded": (
        lambda t: _with(t, payload=write_statement(t.statement()).decode()),
        MALFORMED,
    ),
    "a payload encoded twice": (lambda t: _payload(t, lambda x: to_text(x.encode())), BAD),
    "a payload of nothing": (lambda t: _with(t, payload=""), BAD),
    "a payload with a line end": (lambda t: _payload(t, lambda text: text + "\n"), MALFORMED),
    "a payload with blanks": (
        lambda t: _payload(t, lambda text: f"{text[:8]} {text[8:]}"),
        MALFORMED,
    ),
    "a payload without padding": (
        lambda t: _payload(t, lambda text: text.rstrip("=") if "=" in text else text[:-1]),
        MALFORMED,
    ),
    "a payload with spare bits": (
        lambda t: {
            **(odd := t.signed(comment="x" * _padding(t))),
            "payload": _spare_bits(odd["payload"]),
        },
        MALFORMED,
    ),
    "a huge payload": (lambda t: t.signed(comment="x" * MAX_PAYLOAD_BYTES), MALFORMED),
    "a huge text": (lambda t: _with(t, payload="A" * 4_000_000), MALFORMED),
}


def _padding(target: Target) -> int:
    """So many more characters make a payload whose base64 ends with padding."""
    size = len(write_statement(target.statement()))
    return 1 if size % 3 == 0 else 0


WRITTEN: Final[dict[str, tuple[Attack, Distrust]]] = {
    "with blanks": (lambda t: _written(t, lambda raw: raw + b" "), MALFORMED),
    "with a byte order mark": (lambda t: _written(t, lambda raw: b"\xef\xbb\xbf" + raw), MALFORMED),
    "in UTF-16": (lambda t: _written(t, lambda raw: raw.decode().encode("utf-16")), MALFORMED),
    "in another order": (
        lambda t: _written(t, lambda raw: _dumped(dict(reversed(json.loads(raw).items())))),
        MALFORMED,
    ),
    "with escapes": (lambda t: _written(t, lambda raw: raw.replace(b"a", b"\\u0061")), MALFORMED),
    "with a member twice": (
        lambda t: _written(t, lambda raw: raw.replace(b'"v":1', b'"v":1,"v":1')),
        MALFORMED,
    ),
    "with another agent first": (
        lambda t: _written(t, lambda raw: b'{"aud":"other",' + raw[1:]),
        MALFORMED,
    ),
    "with another agent last": (
        lambda t: _written(t, lambda raw: raw[:-1] + b',"aud":"other"}'),
        MALFORMED,
    ),
    "with something else": (
        lambda t: _written(t, lambda raw: raw[:-1] + b',"x":1}'),
        MALFORMED,
    ),
    "with a number as a fraction": (
        lambda t: _written(t, lambda raw: raw.replace(b'"v":1', b'"v":1.0')),
        MALFORMED,
    ),
    "with a number as a text": (
        lambda t: _written(t, lambda raw: raw.replace(b'"v":1', b'"v":"1"')),
        MALFORMED,
    ),
    "of another version": (
        lambda t: _written(t, lambda raw: raw.replace(b'"v":1', b'"v":2')),
        MALFORMED,
    ),
    "as null": (lambda t: t.of_bytes(b"null"), MALFORMED),
    "as a list": (lambda t: _written(t, lambda raw: b"[" + raw + b"]"), MALFORMED),
    "as nothing": (lambda t: t.of_bytes(b""), MALFORMED),
    "half": (lambda t: _written(t, lambda raw: raw[: len(raw) // 2]), MALFORMED),
    "deeper than anybody reads": (lambda t: t.of_bytes(b"[" * 90_000), MALFORMED),
    "in the words of YAML": (lambda t: t.of_bytes(b"aud: treasury_agent"), MALFORMED),
    "without its number": (
        lambda t: _written(t, lambda raw: _dumped(_without(raw, "nonce"))),
        MALFORMED,
    ),
    "with a decision nobody knows": (
        lambda t: _written(t, lambda raw: raw.replace(b'"approve"', b'"approve!"')),
        MALFORMED,
    ),
    "with NaN": (
        lambda t: _written(t, lambda raw: raw.replace(b'"v":1', b'"v":NaN')),
        MALFORMED,
    ),
}


def _dumped(value: JSON) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _without(raw: bytes, name: str) -> JSON:
    value = json.loads(raw)
    del value[name]
    return value


#: Rosa signs, properly, something that is not about this call or not for now.
OTHERWISE: Final[dict[str, tuple[Attack, Distrust]]] = {
    "for another agent": (lambda t: t.signed(aud="other_agent"), Distrust.WRONG_AGENT),
    "for another context": (lambda t: t.signed(context_id="c-2"), Distrust.WRONG_CONTEXT),
    "for another call": (lambda t: t.signed(tool_call_id="call_2"), Distrust.WRONG_CALL),
    "for another request": (lambda t: t.signed(request_id="cd" * 16), Distrust.WRONG_REQUEST),
    "for another tool": (lambda t: t.signed(action="close_account"), Distrust.WRONG_ACTION),
    "for other arguments": (
        lambda t: t.signed(args_digest="sha-256:" + "99" * 32),
        Distrust.WRONG_DIGEST,
    ),
    "a rejection": (
        lambda t: t.signed(decision=DecisionKind.REJECT, meaning=Meaning.REJECTION),
        Distrust.WRONG_DECISION,
    ),
    "an answer": (lambda t: t.signed(decision=DecisionKind.RESPOND), Distrust.WRONG_DECISION),
    "an edit": (
        lambda t: t.signed(decision=DecisionKind.EDIT, edited_args_digest="sha-256:" + "99" * 32),
        Distrust.WRONG_DECISION,
    ),
    "with other arguments inside": (
        lambda t: t.signed(edited_args_digest="sha-256:" + "99" * 32),
        Distrust.WRONG_EDIT,
    ),
    "with another reason": (lambda t: t.signed(comment="Yes."), Distrust.WRONG_DECISION),
    "expired": (lambda t: t.signed(iat=t.at - 600, exp=t.at - 300), Distrust.EXPIRED),
    "expired just now": (lambda t: t.signed(exp=t.at), Distrust.EXPIRED),
    "from the future": (
        lambda t: t.signed(iat=t.at + CLOCK_SKEW_SECONDS + 60, exp=t.at + CLOCK_SKEW_SECONDS + 300),
        Distrust.FROM_THE_FUTURE,
    ),
    "for too long": (
        lambda t: t.signed(iat=t.at, exp=t.at + LONGEST_SECONDS + 1),
        Distrust.TOO_LONG_VALID,
    ),
    "for ever": (lambda t: t.signed(exp=2**53 - 1), Distrust.TOO_LONG_VALID),
    "since the beginning of time": (lambda t: t.signed(iat=0), Distrust.TOO_LONG_VALID),
    "ending before it begins": (
        lambda t: t.signed(iat=t.at + 100, exp=t.at + 50),
        Distrust.TOO_LONG_VALID,
    ),
    "without a number of its own": (lambda t: t.signed(nonce=""), MALFORMED),
    "with a number too short": (lambda t: t.signed(nonce="ab" * 15), MALFORMED),
    "with a number too long": (lambda t: t.signed(nonce="ab" * 17), MALFORMED),
    "with a number in capitals": (lambda t: t.signed(nonce="AB" * 16), MALFORMED),
    "under another policy": (
        lambda t: t.signed(policy={**plain(t.statement().policy), "id": "lax"}),
        Distrust.WRONG_POLICY,
    ),
    "under an older policy": (
        lambda t: t.signed(policy={**plain(t.statement().policy), "version": 6}),
        Distrust.WRONG_POLICY,
    ),
    "under no policy": (
        lambda t: t.signed(policy={"id": "", "version": 0}),
        Distrust.WRONG_POLICY,
    ),
}


def _edits() -> dict[str, tuple[Attack, Distrust]]:
    """Each field of a statement, altered after it was signed."""
    changes: dict[str, dict[str, Any]] = {
        "aud": {"aud": "other_agent"},
        "context_id": {"context_id": "c-2"},
        "tool_call_id": {"tool_call_id": "call_2"},
        "request_id": {"request_id": "cd" * 16},
        "action": {"action": "close_account"},
        "args_digest": {"args_digest": "sha-256:" + "99" * 32},
        "decision": {"decision": DecisionKind.REJECT},
        "edited_args_digest": {"edited_args_digest": "sha-256:" + "99" * 32},
        "meaning": {"meaning": Meaning.REVIEW},
        "comment": {"comment": "Yes."},
        "reviewer.id": {"reviewer": _rosa(id="l.park")},
        "reviewer.name": {"reviewer": _rosa(name="Lee Park")},
        "reviewer.role": {"reviewer": _rosa(role="records")},
        "iat": {"iat": 1},
        "exp": {"exp": 2**53 - 1},
        "nonce": {"nonce": "cd" * 16},
        "auth.method": {"auth": {"method": "none", "at": 1}},
        "display.digest": {"display": {"digest": "x", "ms_open": 18_400}},
        "display.masked": {"display": {"digest": "x", "masked": ["/a"]}},
        "policy.id": {"policy": {"id": "lax", "version": 7}},
        "policy.version": {"policy": {"id": "payments", "version": 8}},
        "audit_prev": {"audit_prev": "00" * 32},
        "app": {"app": "9"},
        "v": {"v": 2},
    }
    return {
        f"{name} altered": (lambda t, change=change: t.altered(**change), BAD)
        for name, change in changes.items()
    }


EDITED: Final = _edits()
ALL: Final[dict[str, tuple[Attack, Distrust]]] = {
    **FORGED,
    **TYPES,
    **{f"written {name}": case for name, case in WRITTEN.items()},
    **{f"signed {name}": case for name, case in OTHERWISE.items()},
    **EDITED,
}
