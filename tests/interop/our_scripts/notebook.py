"""Runs a program that awaits outside of any function, as a notebook does.

python tests/interop/our_scripts/notebook.py FILE
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import sys
from pathlib import Path


async def _run(name: str, text: str) -> None:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    program = compile(text, name, "exec", flags=flags, dont_inherit=True)
    outcome = eval(program, {"__name__": "__main__"})  # noqa: S307 - what a notebook is for
    if inspect.isawaitable(outcome):
        await outcome


asyncio.run(_run(sys.argv[1], Path(sys.argv[1]).read_text()))
