"""`signoff-worker`: the worker's commands.

The only place that reads its arguments, and the only one that prints errors for people. What is
slow to import is imported when its command runs.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
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
        with asyncio.Runner(loop_factory=_loop(options)) as runner:
            return runner.run(_command(options)) or 0
    except SignoffError as error:
        print(f"{error.title}\n{error.hint}".strip(), file=sys.stderr)
        return EXIT_WRONG
    except (KeyboardInterrupt, asyncio.CancelledError):
        return EXIT_INTERRUPTED


def _loop(options: argparse.Namespace) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the event loop: a quick one for what serves agents."""
    if options.command != "run":
        return None
    from workers.operations.loops import quick_loop  # noqa: PLC0415 - only they need it

    return quick_loop()


def _command(options: argparse.Namespace) -> Coroutine[object, object, int | None]:
    from workers.logs import configure_logging  # noqa: PLC0415 - help comes without it

    configure_logging(verbose=options.verbose)
    return _operation(options) or _work(options)


def _operation(options: argparse.Namespace) -> Coroutine[object, object, int | None] | None:
    """What needs no agents, and so no LangGraph."""
    match options.command:
        case "dlq":
            from workers.operations.dead_letters import Verb, run_dlq  # noqa: PLC0415

            verb, url = Verb(options.verb), _broker(options)
            return run_dlq(verb, options.agent, options.id, url, as_json=options.json)
        case "doctor":
            from workers.operations.doctor import run_doctor  # noqa: PLC0415
            from workers.settings import WorkerSettings  # noqa: PLC0415
            from workers.wire.trust import TrustFolder  # noqa: PLC0415

            settings = WorkerSettings.from_environment()
            folder = TrustFolder(
                options.trust or settings.trust,
                home=settings.home,
                is_named=options.trust is not None or settings.trust_is_named,
                remembers=False,
            )
            return run_doctor(
                _broker(options), as_json=options.json, trust=folder, mode=settings.mode
            )
        case "run" if options.processes > 1:
            from workers.operations.processes import run_processes  # noqa: PLC0415

            return run_processes(options.name, options.processes, verbose=options.verbose)
        case _:
            return None


def _work(options: argparse.Namespace) -> Coroutine[object, object, None]:
    from workers import app  # noqa: PLC0415 - takes a second

    match options.command:
        case "run":
            return app.run_named(options.name, options.parent, options.grace, options.most_output)
        case "demo":
            return app.run_demo(options.redis_url, options.dir, options.token_delay)
        case "halt":
            return app.run_halt(options.scope, options.reason, _broker(options), options.key)
        case "resume":
            return app.run_resume(options.scope, _broker(options), options.reason, options.key)
        case _:
            return app.run_chat(options.agent, _broker(options), options.key, options.reviewer)


def _broker(options: argparse.Namespace) -> str:
    """The broker's address.

    Raises:
        NotConfigured: none is named.
    """
    from workers.errors import NotConfigured  # noqa: PLC0415
    from workers.settings import WorkerSettings  # noqa: PLC0415

    url = str(options.redis_url) or WorkerSettings.from_environment().redis_url
    if not url:
        raise NotConfigured("No broker is named.", "Use --redis-url or set SIGNOFF_REDIS_URL.")
    return url


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="signoff-worker",
        description="Serve LangGraph agents that wait for a person before they act.",
        epilog=(
            "Environment: SIGNOFF_REDIS_URL, SIGNOFF_MODE (enforce, bound, observe), "
            "SIGNOFF_TRUST, SIGNOFF_HOME, "
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

    run.add_argument(
        "--processes",
        type=_count,
        default=1,
        metavar="N",
        help="serve them in so many processes; one that dies is replaced (default: %(default)s)",
    )
    # For the processes we start ourselves: they end with the one that started them.
    run.add_argument("--parent", type=int, default=None, help=argparse.SUPPRESS)
    run.add_argument("--grace", type=float, default=None, help=argparse.SUPPRESS)
    # For the process that a console leaves behind: nobody else bounds the file it writes to.
    run.add_argument("--most-output", type=_count, default=None, help=argparse.SUPPRESS)

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

    _add_chat(commands)
    _add_operations(commands)
    return parser


def _add_chat(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    chat = commands.add_parser("chat", help="talk to an agent in this terminal")
    chat.add_argument("agent", metavar="AGENT")
    chat.add_argument(
        "--key", type=Path, default=None, metavar="FILE", help="sign decisions with this key"
    )
    chat.add_argument(
        "--reviewer",
        nargs=3,
        default=("", "", ""),
        metavar=("ID", "NAME", "ROLE"),
        help="whose key it is, as in the registry",
    )
    _add_redis_url(chat, "the broker")


def _add_operations(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    dlq = commands.add_parser("dlq", help="see what could not be handled, put it back or drop it")
    verbs = dlq.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, what in {
        "list": "what is in quarantine, newest last; no contents",
        "show": "one entry with its content",
        "requeue": "put an entry back into the inbox",
        "drop": "delete an entry for ever",
    }.items():
        one = verbs.add_parser(verb, help=what)
        one.add_argument("agent", metavar="AGENT")
        if verb == "list":
            one.set_defaults(id="")
        else:
            one.add_argument("id", metavar="ID", help="as `list` tells it")
        _add_json_and_broker(one)

    halt = commands.add_parser("halt", help="start no more approved calls; what runs goes on")
    resume = commands.add_parser("resume", help="lift a halt")
    for one in (halt, resume):
        _add_scope(one)
        one.add_argument("--reason", default="", help="for whoever finds it")
        one.add_argument(
            "--key",
            type=Path,
            default=None,
            metavar="FILE",
            help="sign it with the key in this file; what is signed, workers remember",
        )

    doctor = commands.add_parser(
        "doctor", help="examine the broker, what lies on it, and whose decisions count here"
    )
    doctor.add_argument(
        "--trust",
        type=Path,
        default=None,
        metavar="DIR",
        help="the trust folder to examine (default: SIGNOFF_TRUST)",
    )
    _add_json_and_broker(doctor)


def _add_json_and_broker(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON document")
    _add_redis_url(parser, "the broker")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


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
