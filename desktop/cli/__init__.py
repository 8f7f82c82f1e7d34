"""The `signoff` command: the window, or one question or decision without it.

The only place that reads the command line. Qt is imported only when a window is asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from desktop import logs
from desktop.cli.output import print_json, safe
from desktop.cli.record_options import add_parsers as add_record_keeping
from workers.wire.errors import SignoffError

EXIT_ERROR = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 done; 2 a stated error; `decide`: 3 refused, 4 no answer in time.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # whatever this terminal cannot show
    options = _parser().parse_args(argv)
    logs.configure(verbose=options.verbose)
    try:
        if options.command is None:
            from desktop.app import run_console  # noqa: PLC0415 - Qt, only for a window

            return run_console(
                url=options.redis_url,
                demo=options.demo,
                tour=options.tour,
                diagnose=options.diagnose,
            )
        return asyncio.run(_command(options.command)(options))
    except SignoffError as error:
        _report(error, as_json=getattr(options, "json", False))
        return EXIT_ERROR
    except KeyboardInterrupt:
        return 130


def _command(name: str) -> Callable[[argparse.Namespace], Coroutine[Any, Any, int]]:
    """What a command does; loaded for it alone, which keeps the window's start short."""
    if name in {"enrol", "registry"}:
        from desktop.cli import registry  # noqa: PLC0415

        return registry.run
    if name == "policy":
        from desktop.cli import policy  # noqa: PLC0415

        return policy.run
    if name == "audit":
        from desktop.cli import audit  # noqa: PLC0415

        return audit.run
    from desktop.cli import commands  # noqa: PLC0415

    return commands.run


def _report(error: SignoffError, *, as_json: bool) -> None:
    if as_json:
        print_json({"error": {"title": error.title, "hint": error.hint}})
    for line in (error.title, error.hint):
        if line:
            print(safe(line), file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="signoff",
        description="Approval console for LangGraph agents. Without a command it opens the window.",
    )
    parser.add_argument("--demo", action="store_true", help="start the bundled demo and follow it")
    parser.add_argument("--tour", type=Path, metavar="DIR", help="drive the window, leave pictures")
    parser.add_argument("--diagnose", action="store_true", help="build everything, check it, quit")
    parser.set_defaults(redis_url=os.environ.get("SIGNOFF_REDIS_URL", ""), verbose=False)
    _common(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    inbox = commands.add_parser("inbox", help="list what waits for a decision")
    conversations = commands.add_parser("conversations", help="list conversations")
    conversations.add_argument("--limit", type=int, default=100)
    show = commands.add_parser("show", help="show one conversation")
    show.add_argument("context", metavar="CONTEXT")
    decide = commands.add_parser("decide", help="decide on one waiting call")
    decide.add_argument("context", metavar="CONTEXT")
    decide.add_argument("tool_call", metavar="TOOL_CALL")
    decide.add_argument("decision", choices=("approve", "edit", "reject", "respond"))
    decide.add_argument("--reason", default="", metavar="TEXT", help="or the answer, to respond")
    decide.add_argument(
        "--args",
        default="",
        metavar="JSON",
        help="to edit: all arguments, changed; to respond: a structured answer",
    )
    decide.add_argument(
        "--again", action="store_true", help="approve a call in doubt: it may take effect twice"
    )
    decide.add_argument(
        "--meaning",
        choices=("approval", "review", "responsibility", "authorship"),
        help="what your signature says, where the policy leaves a choice",
    )
    decide.add_argument(
        "--passphrase-file",
        default="",
        metavar="PATH",
        help="holds the passphrase of your signing key; - reads it from standard input",
    )
    decide.add_argument(
        "--reveal",
        action="append",
        default=[],
        metavar="POINTER",
        help="print this masked value of what you sign, such as /patient; it is written down",
    )
    decide.add_argument("--wait", type=float, default=15.0, metavar="SECONDS")
    chat = commands.add_parser("chat", help="say something to an agent")
    chat.add_argument("agent", metavar="AGENT")
    chat.add_argument("text", metavar="TEXT")
    chat.add_argument("--context", metavar="ID")
    chat.add_argument("--wait", type=float, default=120.0, metavar="SECONDS")
    add_record_keeping(commands.add_parser)
    for command in (inbox, conversations, show, decide, chat):
        command.add_argument("--json", action="store_true", help="print JSON")
        _common(command)
    return parser


def _common(parser: argparse.ArgumentParser) -> None:
    # Without defaults of their own: a command's would undo what stands before the command.
    nothing = argparse.SUPPRESS
    parser.add_argument("--redis-url", default=nothing, metavar="URL", help="the broker to ask")
    parser.add_argument(
        "--verbose", action="store_true", default=nothing, help="log to standard error"
    )
