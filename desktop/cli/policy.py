"""`signoff policy`: whether a policy can be met and fails closed, and examples to start from.

The only place that lints for a person.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from desktop.cli.output import print_json, print_line
from desktop.errors import ConsoleError
from workers.wire.codec import decode_json
from workers.wire.errors import DecodeError
from workers.wire.policy.examples import example
from workers.wire.policy.lint import Finding, FindingKind, lint
from workers.wire.policy.rules import MAX_POLICY_BYTES, read_policy
from workers.wire.policy.trials import Known
from workers.wire.trust import MAX_FILE_BYTES, TrustFolder

_WORDS = {
    FindingKind.CANNOT_BE_MET: "cannot be met",
    FindingKind.FAILS_OPEN: "fails open",
    FindingKind.NOTE: "note",
}


async def run(options: argparse.Namespace) -> int:
    """Run one of them. Returns the exit code.

    Raises:
        SignoffError: with a title and a hint.
    """
    if options.step == "example":
        sys.stdout.write(example(options.name))
        return 0
    return _lint(options)


def _lint(options: argparse.Namespace) -> int:
    """1 if calls under it could never run, or run with less than was meant; else 0."""
    now = time.time()
    policy = read_policy(_bytes(options.policy, MAX_POLICY_BYTES))
    folder = options.registry and TrustFolder(options.registry, remembers=False)
    registry = folder.registry(now) if folder else None
    found = lint(policy, registry, _known(options.tools, options.agent), now)
    if options.json:
        print_json([_plain(finding) for finding in found])
    else:
        for finding in found:
            print_line(_WORDS[finding.kind], finding.rule or "(no rule)", finding.title)
        if not found:
            met = "can be met, and" if registry else "can apply, and"
            rules = f"{len(policy.rules)} rules"
            print_line(f"{policy.id}, version {policy.version}: {rules} {met} fail closed")
    return 1 if any(finding.fatal for finding in found) else 0


def _plain(finding: Finding) -> dict[str, str | bool]:
    return {
        "rule": finding.rule,
        "kind": finding.kind,
        "title": finding.title,
        "fatal": finding.fatal,
    }


def _known(tools: Path | None, agents: list[str]) -> Known:
    """What a file says of the workers' tools: an object of names and argument schemas."""
    if tools is None:
        return Known(agents=tuple(agents))
    try:
        value = decode_json(_bytes(tools, MAX_FILE_BYTES), max_bytes=MAX_FILE_BYTES)
    except DecodeError as error:
        raise ConsoleError(f"{tools} cannot be read: {error.title}") from error
    if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
        hint = 'Write {"TOOL": SCHEMA, ...}; a SCHEMA that is not known is {}.'
        raise ConsoleError(f"{tools} holds no tools.", hint)
    return Known(value, tuple(agents))


def _bytes(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise ConsoleError(f"{path} cannot be read: {error.strerror}.") from error
