"""The options of `signoff enrol`, `registry`, `policy` and `audit`.

The only place that spells them. Apart from what the commands do: that loads libraries which a
window does not need to open.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path


def add_parsers(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands to the command line."""
    audit = add_parser("audit", help="what was decided at this desk")
    looks = audit.add_subparsers(dest="step", required=True, metavar="STEP")
    shown = looks.add_parser("show", help="the last entries, in order")
    shown.add_argument("--limit", type=int, default=100)
    verified = looks.add_parser("verify", help="0 intact, 1 findings, 2 unreadable, 3 tampered")
    for look in (shown, verified):
        look.add_argument("--json", action="store_true", help="print JSON")
        look.add_argument("--log", type=Path, metavar="FILE", help="another than this person's")
    enrol = add_parser("enrol", help="make a signing key and ask to be registered")
    enrol.add_argument("--id", default="", help="never given to another person")
    enrol.add_argument("--name", default="", help="as it is printed beside a signature")
    enrol.add_argument("--agent", default="", help="instead of a person: whose workers shall sign")
    enrol.add_argument("--key-file", type=Path, help="of an agent: TRUST/agents/AGENT.key")
    enrol.add_argument("--email", default="")
    enrol.add_argument("--out", type=Path, required=True, help="the request file to hand over")
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
