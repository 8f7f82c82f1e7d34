"""Why something signed is not believed.

The only place that names the reasons. They are stable words for receipts, tables and tests; the
title beside one is for a person.
"""

from __future__ import annotations

from enum import StrEnum

from workers.wire.errors import SignoffError


class Distrust(StrEnum):
    """What is wrong with a signed statement."""

    MALFORMED = "malformed"
    UNSIGNED = "unsigned"
    WRONG_TYPE = "wrong_type"
    BAD_SIGNATURE = "bad_signature"
    UNKNOWN_KEY = "unknown_key"
    KEY_NOT_VALID = "key_not_valid"
    KEY_REVOKED = "key_revoked"
    WRONG_REVIEWER = "wrong_reviewer"
    WRONG_ROLE = "wrong_role"
    FROM_THE_FUTURE = "from_the_future"
    EXPIRED = "expired"
    TOO_LONG_VALID = "too_long_valid"
    WRONG_AGENT = "wrong_agent"
    WRONG_CONTEXT = "wrong_context"
    WRONG_CALL = "wrong_call"
    WRONG_REQUEST = "wrong_request"
    WRONG_ACTION = "wrong_action"
    WRONG_DIGEST = "wrong_digest"
    WRONG_DECISION = "wrong_decision"
    WRONG_EDIT = "wrong_edit"
    WRONG_POLICY = "wrong_policy"
    REPEATED = "repeated"
    TOO_FEW_ROOTS = "too_few_roots"
    ROLLED_BACK = "rolled_back"
    CANNOT_OPEN = "cannot_open"
    MISSING = "missing"


class NotTrusted(SignoffError):
    """A signed statement that is not believed; nothing that it says may be acted on.

    Attributes:
        reason: for programs.
    """

    def __init__(self, reason: Distrust, title: str, hint: str = "") -> None:
        """Say why."""
        super().__init__(title, hint)
        self.reason = reason
