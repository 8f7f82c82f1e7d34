"""A call that waits, and the valid decision on it that attacks start from.

The only place that makes one to be spoiled.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tests.support import registered
from tests.support.registered import ROSA
from workers.wire.canonical import JSON
from workers.wire.signing.dsse import seal
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.statements import DECISION_TYPE, DecisionStatement, write_statement


@dataclass(frozen=True, slots=True)
class Target:
    """A call that waits, and what a valid decision on it says.

    Attributes:
        fields: of Rosa's statement, where they are others than `registered.decision` has.
        at: now, in seconds since the epoch.
    """

    fields: Mapping[str, Any]
    at: int

    def statement(self, **changes: Any) -> DecisionStatement:  # noqa: ANN401 - fields
        """What Rosa would state, but for the changes."""
        return registered.decision(**{**self.fields, **changes})

    def signed(self, *keys: SigningKey, **changes: Any) -> JSON:  # noqa: ANN401 - fields
        """It in its envelope, signed by Rosa unless told otherwise."""
        return plain(registered.signed(self.statement(**changes), *keys))

    def of_bytes(self, payload: bytes, kind: str = DECISION_TYPE) -> JSON:
        """Any bytes, signed by Rosa."""
        return plain(seal(kind, payload, [ROSA]))

    def altered(self, **changes: Any) -> JSON:  # noqa: ANN401 - fields
        """Another statement under the signature of the valid one."""
        envelope = self.signed()
        envelope["payload"] = to_text(write_statement(self.statement(**changes)))
        return envelope


def plain(value: msgspec.Struct) -> Any:  # noqa: ANN401 - JSON, to be spoiled
    """A structure as it travels."""
    return msgspec.json.decode(msgspec.json.encode(value))


def to_text(raw: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(raw).decode()
