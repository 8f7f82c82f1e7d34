"""`python -m tests.chaos.office URL FOLDER`: a process of real agents whose tool spends money.

The only place that knows what the book looks like, in which each start and each end of the tool is
written down: a line of its own, in a file that outlives every death of a process. The agents are
LangGraph's, with the gate of the product; only the model is a script. It reads `pay 7 as c-1/3/0`
as one call, and several of these joined by `and` as several calls of one turn.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool, tool

from tests.chaos.worker import PACE
from workers import AgentRunner, human_approval_required
from workers.app import run_workers
from workers.wire.approvals import Mode

#: Who is strict, and who takes bare answers of base clients. The shipped users know these names.
AGENTS = {"treasury_agent": Mode.BOUND, "records_agent": Mode.OBSERVE}
TOOL = "transfer_funds"
#: Long enough, now and then, that a death comes in between.
_TOOL_SECONDS = (0.002, 0.05, 0.4)
_PAYMENT = re.compile(r"pay (\d+) as (\S+)")


@dataclass
class Book:
    """What was written down.

    Attributes:
        starts: payment to the amount of each start.
        ends: payments, once for each end.
    """

    folder: Path
    starts: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    ends: list[str] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.folder / "book.txt"

    def write(self, line: str) -> None:
        """Add a line in one step; it stays when the process dies right afterwards."""
        file = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, f"{line}\n".encode())
        finally:
            os.close(file)

    def read(self) -> Book:
        """Take in what all processes have written."""
        for line in self.file.read_text().splitlines() if self.file.exists() else []:
            match line.split():
                case ["start", payment, amount]:
                    self.starts[payment].append(int(amount))
                case ["end", payment]:
                    self.ends.append(payment)
        return self

    @property
    def transfer_funds(self) -> BaseTool:
        """The tool, which keeps nothing from being done twice."""

        @tool
        @human_approval_required
        async def transfer_funds(payment: str, amount: int) -> str:
            """Transfer money."""
            self.write(f"start {payment} {amount}")
            await asyncio.sleep(random.choice(_TOOL_SECONDS))
            self.write(f"end {payment}")
            return f"paid {amount}"

        return transfer_funds


class Script(BaseChatModel):
    """Makes the calls that the newest task names, and says what came of them."""

    @property
    def _llm_type(self) -> str:
        return "script"

    def bind_tools(self, *_: Any, **__: Any) -> Script:  # noqa: ANN401 - as its base has it
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:  # noqa: ANN401
        start = max(i for i, message in enumerate(messages) if isinstance(message, HumanMessage))
        task = str(messages[start].text)
        results = [str(one.text) for one in messages[start:] if isinstance(one, ToolMessage)]
        answer = AIMessage(f"Done {task}: {'; '.join(results)}")
        if not results:
            answer = AIMessage("", tool_calls=[_call(*found) for found in _PAYMENT.findall(task)])
        return ChatResult(generations=[ChatGeneration(message=answer)])

    async def _agenerate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:  # noqa: ANN401
        await asyncio.sleep(random.uniform(0.001, 0.02))  # it thinks
        return self._generate(messages)


def _call(amount: str, payment: str) -> Any:  # noqa: ANN401 - LangChain's ToolCall is a dict
    args = {"payment": payment, "amount": int(amount)}
    return {"name": TOOL, "args": args, "id": f"call-{payment}", "type": "tool_call"}


async def main(url: str, folder: Path) -> None:
    """Serve until SIGTERM."""
    runners = []
    for name, mode in AGENTS.items():
        runner = AgentRunner(
            name,
            redis_url=url,
            model=Script(),
            mode=mode,
            pace=PACE,
            checkpoint_url=str(folder / f"{name}.sqlite"),
        )
        runner.add_tool(Book(folder).transfer_funds)
        runners.append(runner)
    await run_workers(runners, on_listening=lambda: print("{}", flush=True))


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=sys.stderr))
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
