"""`signoff-worker`: the worker's commands.

The only place that reads its arguments, and the only one that prints errors for people. What is
slow to import is imported when its command runs.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path

from workers.wire.errors import SignoffError

#: Something is configured wrongly, or not there; said in two lines.
EXIT_WRONG = 2
#: As a shell says of a program that Ctrl+C ended.
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_command(options))
    except SignoffError as error:
        print(f"{error.title}\n{error.hint}".strip(), file=sys.stderr)
        return EXIT_WRONG
    except (KeyboardInterrupt, asyncio.CancelledError):
        return EXIT_INTERRUPTED
    return 0


def _command(options: argparse.Namespace) -> Coroutine[object, object, None]:
    from workers import app  # noqa: PLC0415 - takes a second
    from workers.logs import configure_logging  # noqa: PLC0415

    configure_logging(verbose=options.verbose)

    match options.command:
        case "run":
            return app.run_named(options.name)
        case "demo":
            return app.run_demo(options.redis_url, options.dir, options.token_delay)
        case "halt":
            return app.run_halt(options.scope, options.reason, options.redis_url)
        case "resume":
            return app.run_resume(options.scope, options.redis_url)
        case _:
            return app.run_chat(options.agent, options.redis_url)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="signoff-worker",
        description="Serve LangGraph agents that wait for a person before they act.",
        epilog=(
            "Environment: SIGNOFF_REDIS_URL, SIGNOFF_MODE (enforce, observe), SIGNOFF_HOME, "
            "SIGNOFF_HEARTBEAT_SECONDS, SIGNOFF_LEASE_SECONDS, "
            "CHECKPOINT_DB_URL, OPENAI_BASE_URL, OPENAI_MODEL, OPENAI_API_KEY."
        ),
    )
    parser.add_argument("--verbose", action="store_true", help="log more")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="serve your agents")
    run.add_argument(
        "name",
        metavar="MODULE:ATTR",
        help="an AgentRunner, a list of them, or a function that returns such",
    )

    demo = commands.add_parser("demo", help="run a broker, a model and a team of agents to try")
    _add_redis_url(demo, "use this broker instead of starting one")
    demo.add_argument(
        "--token-delay",
        type=float,
        default=0.01,
        metavar="SECONDS",
        help="pause of the scripted model before each piece of text (default: %(default)s)",
    )
    demo.add_argument(
        "--dir",
        type=Path,
        default=None,
        help="where to note what the agents did (default: SIGNOFF_HOME/demo)",
    )

    chat = commands.add_parser("chat", help="talk to an agent in this terminal")
    chat.add_argument("agent", metavar="AGENT")
    _add_redis_url(chat, "the broker")

    halt = commands.add_parser("halt", help="start no more approved calls; what runs goes on")
    _add_scope(halt)
    halt.add_argument("--reason", default="", help="for whoever finds the halt")
    resume = commands.add_parser("resume", help="lift a halt")
    _add_scope(resume)
    return parser


def _add_scope(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scope", metavar="SCOPE", help="all, agent:NAME or context:ID")
    _add_redis_url(parser, "the broker")


def _add_redis_url(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--redis-url",
        default="",
        metavar="URL",
        help=f"{what} (default: SIGNOFF_REDIS_URL). Others on this machine can read arguments; "
        "a URL with a password is safer in the environment",
    )


if __name__ == "__main__":
    sys.exit(main())
