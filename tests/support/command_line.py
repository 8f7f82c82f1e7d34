"""The `signoff` command as a process of its own, while the test's loop goes on.

The only place where tests run it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.environment import ROOT

_END_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended.

    Attributes:
        out: its standard output, as bytes: a terminal sees no less.
    """

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        """Its standard output."""
        return self.out.decode()

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the command says
        """Its standard output as one JSON document."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Its standard output as one JSON document per line."""
        return [json.loads(line) for line in self.out.splitlines()]


async def signoff(*arguments: str, env: Mapping[str, str] | None = None) -> Ended:
    """Run `signoff ARGUMENTS...` and wait until it ends."""
    return await python("-m", "desktop", *arguments, env=env)


async def python(*arguments: str, env: Mapping[str, str] | None = None) -> Ended:
    """Run this Python in the root of the checkout and wait until it ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_END_SECONDS):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        raise
    return Ended(process.returncode or 0, out, err)
