"""The options of `signoff enrol`, `registry`, `policy` and `audit`.

The only place that spells them. Apart from what the commands do: that loads libraries which a
window does not need to open.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from desktop.audit.exporting.formats import ExportFormat
from desktop.store.record import AuditQuery


def add_parsers(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands to the command line."""
    audit = _add_audit(add_parser)
    enrol = add_parser("enrol", help="make a signing key and ask to be registered")
    enrol.add_argument("--id", default="", help="never given to another person")
    enrol.add_argument("--name", default="", help="as it is printed beside a signature")
    enrol.add_argument("--agent", default="", help="instead of a person: whose workers shall sign")
    enrol.add_argument("--key-file", type=Path, help="of an agent: TRUST/agents/AGENT.key")
    enrol.add_argument("--email", default="")
    enrol.add_argument("--out", type=Path, required=True, help="the request file to hand over")
    enrol.add_argument("--replace", action="store_true", help="also if there is a key of theirs")
    registry = add_parser("registry", help="who may decide")
    steps = registry.add_subparsers(dest="step", required=True, metavar="STEP")
    init = steps.add_parser("init", help="make root keys and an empty registry")
    init.add_argument("--roots", type=int, default=3)
    init.add_argument("--threshold", type=int, default=2)
    added = steps.add_parser("add", help="register whom a request file names")
    added.add_argument("request", type=Path)
    added.add_argument("--key-id", required=True, help="as the person read it to you")
    added.add_argument("--role", action="append", default=[])
    revoke = steps.add_parser("revoke", help="strike out keys")
    revoke.add_argument("who", help="a reviewer's id, or an agent's name")
    revoke.add_argument("--key-id", default="", help="one key; without it all of theirs")
    revoke.add_argument("--reason", required=True)
    renew = steps.add_parser("renew", help="the same people for another 30 days")
    sign = steps.add_parser("sign", help="add a root's signature to a registry that lacks it")
    listed = steps.add_parser("list", help="show the people, their roles and keys")
    verify = steps.add_parser("verify", help="check signatures, version and time")
    verify.add_argument("--least-version", type=int, default=0)
    for step in (init, added, revoke, renew, sign, listed, verify):
        step.add_argument("--folder", type=Path, default=Path())
    for step in (added, revoke, renew, sign):
        step.add_argument("--root", type=Path, action="append", required=True, metavar="KEYFILE")
    for command in (enrol, init, added, revoke, renew, sign, listed, verify):
        command.add_argument("--json", action="store_true", help="print JSON")
        command.add_argument("--passphrase-file", type=Path, help="instead of being asked")
    policy = _add_policy(add_parser)
    for command in (enrol, registry, audit, policy):
        command.set_defaults(redis_url="", verbose=False)


def _add_audit(add_parser: Callable[..., argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """The steps of `signoff audit`."""
    audit = add_parser("audit", help="what was decided at this desk")
    looks = audit.add_subparsers(dest="step", required=True, metavar="STEP")
    shown = looks.add_parser("show", help="the last entries, or those about one request, in order")
    shown.add_argument("name", nargs="?", default="", metavar="NUMBER|REQUEST")
    shown.add_argument("--limit", type=int, default=100)
    found = looks.add_parser("find", help="what matches, findings first: 1 if there are findings")
    _add_filters(found)
    found.add_argument("--limit", type=int, default=100)
    verified = looks.add_parser("verify", help="0 intact, 1 findings, 2 unreadable, 3 tampered")
    verified.add_argument("--file", type=Path, help="an export (JSON Lines) instead of the log")
    verified.add_argument("--root", default="", metavar="HEX", help="of the log, kept elsewhere")
    verified.add_argument(
        "--trust",
        type=Path,
        metavar="FOLDER",
        help="with the registry to verify signed decisions with",
    )
    exported = looks.add_parser("export", help="write the log, or what is asked for, to a file")
    exported.add_argument("--format", required=True, choices=tuple(ExportFormat))
    exported.add_argument("--out", type=Path, required=True, metavar="FILE")
    exported.add_argument("--force", action="store_true", help="write over a file that is there")
    exported.add_argument("--reasons", action="store_true", help="csv, pdf: reasons in clear")
    _add_filters(exported)
    aside = looks.add_parser("set-aside", help="of one that was tampered with: begin a new one")
    aside.add_argument("--reason", required=True, help="kept in the encrypted part of the new log")
    aside.add_argument("--json", action="store_true", help="print JSON")
    hold = looks.add_parser("hold", help="while one is in force, nothing is shredded")
    acts = hold.add_subparsers(dest="act", required=True, metavar="ACT")
    for act, words in (("set", "put one in force"), ("lift", "end one")):
        named = acts.add_parser(act, help=words)
        named.add_argument("name", help="such as a court's file number")
        named.add_argument("--json", action="store_true", help="print JSON")
    listed = acts.add_parser("list", help="those that are in force")
    listed.add_argument("--json", action="store_true", help="print JSON")
    shred = looks.add_parser("shred", help="make texts unreadable that were kept long enough")
    shred.add_argument("--json", action="store_true", help="print JSON")
    for look in (shown, found, verified, exported):
        look.add_argument("--json", action="store_true", help="print JSON")
        look.add_argument("--log", type=Path, metavar="FILE", help="another than this person's")
    return audit


def _add_filters(parser: argparse.ArgumentParser) -> None:
    """What of the log is asked for; without any, all of it."""
    for name in ("person", "tool", "agent", "outcome", "text"):
        parser.add_argument(f"--{name}", default="", metavar="TEXT")
    parser.add_argument("--since", type=_moment, default=0, metavar="TIME", help="2026-11-20T08:00")
    parser.add_argument("--until", type=_moment, default=0, metavar="TIME", help="before this")
    parser.add_argument("--findings", action="store_true", help="only what should be looked at")


def query_of(options: argparse.Namespace) -> AuditQuery:
    """What the filters among the options ask for."""
    return AuditQuery(
        person=options.person,
        tool=options.tool,
        agent=options.agent,
        outcome=options.outcome,
        text=options.text,
        since_ms=options.since,
        until_ms=options.until,
        findings_only=options.findings,
    )


def _moment(text: str) -> int:
    """Milliseconds since the epoch; a time without an offset is local."""
    try:
        return round(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time like 2026-11-20T08:00") from error


def _add_policy(add_parser: Callable[..., argparse.ArgumentParser]) -> argparse.ArgumentParser:
    policy = add_parser("policy", help="what calls demand")
    steps = policy.add_subparsers(dest="step", required=True, metavar="STEP")
    linted = steps.add_parser("lint", help="1 if a policy cannot be met, or lets through too much")
    linted.add_argument("policy", type=Path, metavar="FILE")
    linted.add_argument("--registry", type=Path, metavar="FOLDER", help="who could approve")
    linted.add_argument("--tools", type=Path, metavar="JSON", help="an object: tool to schema")
    linted.add_argument("--agent", action="append", default=[], help="an agent there is; repeat it")
    linted.add_argument("--json", action="store_true", help="print JSON")
    shown = steps.add_parser("example", help="print a policy to start from")
    shown.add_argument("name")
    return policy
