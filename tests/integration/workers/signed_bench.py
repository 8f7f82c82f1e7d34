"""Desks of people who sign, around one worker that demands it; and an auditor at the end.

The only place where tests put these together.
"""

from __future__ import annotations

import time
from contextlib import AsyncExitStack

from desktop import settings
from desktop.audit.heads import kept_head
from desktop.audit.keys import log_keys
from desktop.audit.verifying import Verdict, verify
from desktop.store.records import RequestKey
from desktop.store.signing import Proof
from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from tests.support.audited import FakeKeyring
from tests.support.desk import Desk
from tests.support.trusted import Person, TrustedFolder
from workers.wire.approvals import Mode
from workers.wire.trust import TrustFolder

AGENT = "demo_agent"


class Bench:
    """Desks around one worker.

    Attributes:
        key: the request that waits.
    """

    def __init__(self, office: Office, trust: TrustedFolder, stack: AsyncExitStack) -> None:
        self._office, self._trust, self._stack = office, trust, stack
        self._keyrings: dict[str, FakeKeyring] = {}
        self.key = RequestKey("", "")

    async def asks(self, book: Book, **options: object) -> None:
        """A worker starts, and asks for a payment."""
        strictly = {"mode": Mode.ENFORCE, "trust": self._trust.path, **options}
        await self._office.hire(AGENT, [book.transfer_funds], **strictly)  # type: ignore[arg-type]
        await self.asks_again()

    async def asks_again(self) -> None:
        """It asks for another payment."""
        context_id = await self._office.ask(AGENT, "pay 10 to ACME", context={"user_id": "boss"})
        [call] = await self._office.requests(context_id)
        self.key = RequestKey(context_id, call.tool_call_id)

    async def sits(self, who: Person) -> Desk:
        """Somebody opens a console, and it knows the request."""
        keyring = self._keyrings.setdefault(who.id, FakeKeyring())
        desk = Desk(signer=who, trust=self._trust.path, keyring=keyring)
        await self._stack.enter_async_context(desk)
        await desk.connect(self._office.connection.url)
        await desk.until(self.key, lambda one: one.proof is Proof.PROVEN, "a proven request")
        return desk

    def check_logs(self) -> None:
        """Whatever happened at the desks, an auditor finds nothing wrong with it."""
        registry = TrustFolder(self._trust.path).registry(time.time())
        for person, keyring in self._keyrings.items():
            log = settings.home() / person / "decisions.sqlite"
            report = verify(log, kept_head(keyring, log), log_keys(keyring), registry)
            assert (report.verdict, report.findings) == (Verdict.INTACT, ()), person
