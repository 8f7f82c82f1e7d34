"""`AgentRunner`: an agent and its worker, with the names and parameters of the base package.

The only place that puts model, tools, gate, checkpoints and broker together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool
from langchain_core.tools import tool as as_tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.base import BaseCheckpointSaver

from workers.agents.checkpoints import open_checkpoints, password_in
from workers.agents.delegation import delegation_tool
from workers.agents.fencing import FencedSaver
from workers.agents.gate import ApprovalMiddleware, GatePlan
from workers.agents.graph import Graph, LangGraphAgent, writes_in_pieces
from workers.agents.hosting import GraphInput, HostedGraph
from workers.agents.http import model_client
from workers.agents.mcp import load_tools
from workers.agents.permits import Gate, gate_of
from workers.agents.prompting import Prompting
from workers.agents.state import WorkerState
from workers.agents.terms import OnReject, Terms
from workers.errors import NotConfigured, NotServable
from workers.runtime.judging import Judge
from workers.runtime.ledger import ToolLedger
from workers.runtime.metering import Meter
from workers.runtime.pace import Pace
from workers.runtime.service import serve
from workers.runtime.worker import Worker
from workers.settings import Prices, WorkerSettings
from workers.wire.addresses import split_password
from workers.wire.approvals import Mode
from workers.wire.ids import check_agent_name, new_consumer_name
from workers.wire.streams.connection import Connection
from workers.wire.streams.progress import ProgressWriter


class AgentRunner:
    """Configures an agent, and serves it until it is stopped.

    What is left out comes from the environment (`SIGNOFF_REDIS_URL`, `CHECKPOINT_DB_URL`,
    `OPENAI_*`, `SIGNOFF_MODE`, `SIGNOFF_TRUST`). Tools are added before `create()`.

    Attributes:
        agent_name: the agent's name.
        tools: its tools so far.
    """

    def __init__(
        self,
        agent_name: str,
        openai_api_key: str = "",
        openai_model: str = "",
        openai_base_url: str = "",
        redis_url: str = "",
        mysql_url: str = "",
        temperature: float = 0.6,
        system_prompt: str = "You are a helpful assistant.",
        *,
        graph: Graph | None = None,
        graph_input: GraphInput | None = None,
        checkpoint_url: str = "",
        model: BaseChatModel | None = None,
        mode: Mode | None = None,
        trust: Path | None = None,
        home: Path | None = None,
        note: str = "",
        pace: Pace | None = None,
        expires_after_seconds: float | None = None,
        on_reject: OnReject = OnReject.CONTINUE,
        prices: Prices | None = None,
    ) -> None:
        """Configure it. Nothing is opened yet.

        Args:
            mysql_url: the base package's name for `checkpoint_url`.
            graph: a compiled graph to host as it is, instead of building one: then model, prompt,
                temperature and tools are the graph's own. Its checkpointer is used if it has one.
            graph_input: makes the graph's input of a task and the caller's context; not needed
                where it begins with `messages`.
            checkpoint_url: a file that ends in `.sqlite` or `.db`, `:memory:`, or the address of
                a Postgres or MySQL database; see `open_checkpoints`.
            model: used instead of the `openai_*` parameters and `temperature`.
            mode: instead of `SIGNOFF_MODE`; see `WorkerSettings`.
            trust: instead of `SIGNOFF_TRUST`: the folder that says whose decisions count.
            home: instead of `SIGNOFF_HOME`: threads are there, and what was believed is noted.
            note: what the worker says of itself to consoles.
            pace: how fast it notices, retries and gives up; else the environment says.
            expires_after_seconds: a decision counts so long after it was asked for, unless a tool
                says otherwise; then the call is taken for not approved. None: for ever.
            on_reject: what a rejection means for the run, unless a tool says otherwise. A hosted
                graph decides that itself.
            prices: what the operator pays for models, for consoles to show; else the environment
                says. A model without a price costs nobody knows what.

        Raises:
            BadName: no agent can have this name.
            NotConfigured: `SIGNOFF_MODE` is no mode.
            NotServable: a time that is none.
        """
        settings = WorkerSettings.from_environment()
        self.agent_name = check_agent_name(agent_name)
        self.tools: list[BaseTool] = []
        self.note = note
        self._openai_api_key = openai_api_key or settings.openai_api_key
        self._openai_model = openai_model or settings.openai_model
        self._openai_base_url = openai_base_url or settings.openai_base_url
        self._redis_url = redis_url or settings.redis_url
        self._checkpoint_url = checkpoint_url or mysql_url or settings.checkpoint_url
        home = home or settings.home
        self._default_checkpoints = home / "checkpoints" / f"{self.agent_name}.sqlite"
        self._temperature = temperature
        self._system_prompt = system_prompt
        self._model = model
        self._graph = graph
        self._graph_input = graph_input
        self._judge = Judge(
            self.agent_name,
            mode or settings.mode,
            trust or settings.trust,
            home=home,
            is_named=trust is not None or settings.trust_is_named,
        )
        self._pace = pace or Pace(settings.heartbeat_seconds, settings.lease_seconds)
        self._terms = Terms(False, expires_after_seconds, on_reject)
        self._meter = Meter(prices or settings.prices)
        self._gated: dict[str, Terms] = {}
        self._gates: dict[str, Gate] = {}
        self._delegations: set[str] = set()
        self._resources = AsyncExitStack()
        self._connection: Connection | None = None
        self._agent: LangGraphAgent | None = None

    def add_tool(
        self,
        tool: BaseTool | Callable[..., Any],
        *,
        gated: bool = False,
        idempotent: bool = False,
        expires_after_seconds: float | None = None,
        on_reject: OnReject | None = None,
    ) -> None:
        """Add a tool.

        Args:
            gated: a person has to approve each call. Functions decorated with
                `human_approval_required` are gated anyway.
            idempotent: a call made twice with the same tool call id has its effect once. An
                approved call that a crash cut off is then made again, instead of asking a person.
            expires_after_seconds: instead of the tool's own, and of the runner's.
            on_reject: instead of the tool's own, and of the runner's.

        Raises:
            NotServable: the agent is created already, or has a tool of this name; or a time that
                is none.
        """
        if self._agent is not None:
            raise NotServable("The agent is created already.", "Add its tools before create().")
        if self._graph is not None:
            raise NotServable("A hosted graph has its own tools.", "Add them where it is built.")
        made = tool if isinstance(tool, BaseTool) else as_tool(tool)
        if any(other.name == made.name for other in self.tools):
            # An ungated tool of the same name would be a way around the gate.
            raise NotServable(f"There are two tools named {made.name!r}.", "Rename one of them.")
        gates = (gate_of(getattr(made, name, None)) for name in ("func", "coroutine"))
        gate = next((found for found in gates if found is not None), None)
        terms = Terms(idempotent, expires_after_seconds, on_reject)
        if gate is not None:
            self._gates[made.name] = gate
            terms = terms.over(gate.terms)
        if gated or gate is not None:
            self._gated[made.name] = terms.over(self._terms)
        self.tools.append(made)

    async def add_mcp_server(self, mcp_url: str, ungated: Collection[str] = ()) -> None:
        """Add the tools of an MCP server.

        Args:
            ungated: names of those that may run without approval. The server's own hints do not
                count.

        Raises:
            NotConfigured: the server does not answer, or has no tool of a name in `ungated`.
        """
        tools = await load_tools(mcp_url)
        unknown = set(ungated) - {tool.name for tool in tools}
        if unknown:
            names = ", ".join(sorted(unknown))
            raise NotConfigured(
                f"The MCP server has no tool named {names}.", "Check the names in `ungated`."
            )
        for tool in tools:
            self.add_tool(tool, gated=tool.name not in ungated)

    def add_subagent(self, agent_name: str, description: str) -> None:
        """Let the agent give tasks to another one, by a tool named `call_{agent_name}`."""
        if agent_name == self.agent_name:
            raise NotServable("An agent cannot give tasks to itself.", "Name another agent.")
        tool = delegation_tool(agent_name, description)
        self.add_tool(tool)
        self._delegations.add(tool.name)

    async def create(self) -> None:
        """Open checkpoints and broker, and build the agent.

        Raises:
            NotConfigured: something is missing or makes no sense.
            BrokerError: the broker cannot be used.
        """
        try:
            await self._create()
        except BaseException:
            await self.close()
            raise

    def worker(self, consumer: str) -> Worker:
        """The worker that serves the created agent, under this name in its consumer group."""
        if self._agent is None or self._connection is None:
            raise NotServable("The agent is not created yet.", "Await create() first.")
        return Worker(self._agent, self._connection, self._judge, consumer, self._pace, self._meter)

    async def start(self) -> None:
        """Serve until cancelled; what runs then is finished first.

        Raises:
            NotConfigured: see `create`.
            BrokerError: see `create`.
        """
        if self._agent is None:
            await self.create()
        consumer, stop = new_consumer_name(), asyncio.Event()
        serving = asyncio.create_task(
            serve([self.worker(consumer)], consumer, stop, note=self.note),
            name=f"worker of {self.agent_name}",
        )
        try:
            # Shielded, so that Ctrl+C does not cut an approved call in two.
            await asyncio.shield(serving)
        finally:
            stop.set()
            try:
                await serving
            finally:
                await self.close()

    async def close(self) -> None:
        """Close checkpoints and connections. May be called again."""
        self._agent = None
        self._connection = None
        await self._resources.aclose()

    async def _create(self) -> None:
        if not self._redis_url:
            raise NotConfigured("No broker is named.", "Set redis_url or SIGNOFF_REDIS_URL.")
        if self._graph is not None:
            await self._host(self._graph)
            return
        model = self._model or await self._open_model()
        saver = await self._open_saver()
        connection = await self._resources.enter_async_context(Connection(self._redis_url))
        ledger = ToolLedger(ProgressWriter(connection), self._judge)
        self._resources.push_async_callback(ledger.close)
        plan = GatePlan(
            dict(self._gated),
            self._terms,
            dict(self._gates),
            frozenset(self._delegations),
            self._pace.tool_seconds,
            self._meter,
        )
        graph = create_agent(
            model,
            self.tools,
            middleware=[
                Prompting(self._system_prompt, self._pace.model_seconds, self._meter),
                ApprovalMiddleware(self.agent_name, plan, ledger, self._judge),
            ],
            state_schema=WorkerState,
            checkpointer=FencedSaver(saver),
            name=self.agent_name,
        )
        self._connection = connection
        self._agent = LangGraphAgent(
            self.agent_name,
            graph,
            self.tools,
            self._secrets(),
            in_pieces=writes_in_pieces(model),
        )

    async def _host(self, graph: Graph) -> None:
        own = graph.checkpointer
        saver = own if isinstance(own, BaseCheckpointSaver) else await self._open_saver()
        connection = await self._resources.enter_async_context(Connection(self._redis_url))
        self._agent = HostedGraph(
            self.agent_name,
            graph.copy({"checkpointer": FencedSaver(saver)}),
            ToolLedger(ProgressWriter(connection), self._judge),
            self._judge,
            self._graph_input,
            self._secrets(),
            self._terms.expires_after_seconds,
            self._meter,
        )
        self._connection = connection

    async def _open_saver(self) -> BaseCheckpointSaver[Any]:
        checkpoints = self._checkpoint_url or str(self._default_checkpoints)
        return await self._resources.enter_async_context(open_checkpoints(checkpoints))

    async def _open_model(self) -> ChatOpenAI:
        if not self._openai_model:
            raise NotConfigured("No model is named.", "Set openai_model or OPENAI_MODEL.")
        if not self._openai_api_key:
            raise NotConfigured("No API key is given.", "Set openai_api_key or OPENAI_API_KEY.")
        # A client of our own, because nobody closes the one that would be made otherwise.
        client = await self._resources.enter_async_context(model_client(self._openai_base_url))
        return ChatOpenAI(
            model=self._openai_model,
            base_url=self._openai_base_url or None,
            api_key=lambda: self._openai_api_key,
            temperature=self._temperature,
            # Without it a streamed answer does not say how many tokens it took.
            stream_usage=True,
            http_async_client=client,
            # Of the synchronous client, which is never used: leave it alone, and say nothing.
            http_socket_options=(),
        )

    def _secrets(self) -> Sequence[str]:
        broker, store = split_password(self._redis_url)[1], password_in(self._checkpoint_url)
        return (self._openai_api_key, broker, store)
