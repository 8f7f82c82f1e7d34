"""The environment the base package runs in: `.base-env` in the root of the checkout.

The only place that builds it. It is built once and again when its lock changes; test processes
that start at the same time wait for the one that builds.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

from tests.support.environment import ROOT, real_home_environment

_ENVIRONMENT = ROOT / ".base-env"
_LOCK = ROOT / "requirements" / "base-package.lock"
_STAMP = _ENVIRONMENT / "signoff-setup.sha256"
#: Beside this interpreter, not in the environment, which is made anew.
_GUARD = Path(sys.prefix) / "base-env.guard"
_BUILD_SECONDS = 600


def python_of_base_env() -> Path:
    """The interpreter that has the base package; builds its environment if need be.

    Raises:
        CalledProcessError: it cannot be built; what the installer said is in the notes.
    """
    python = _ENVIRONMENT / "bin" / "python"
    wanted = hashlib.sha256(_LOCK.read_bytes()).hexdigest()
    with _GUARD.open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not (_STAMP.exists() and _STAMP.read_text() == wanted):
            uv = Path(sys.prefix) / "bin" / "uv"
            _run(str(uv), "venv", "-q", "--clear", "--python", sys.executable, str(_ENVIRONMENT))
            sync = ["pip", "sync", "-q", "--python", str(python), "--require-hashes"]
            _run(str(uv), *sync, str(_LOCK))
            # Compiled once here instead of at every start of a test.
            compile_all = ["-m", "compileall", "-q", str(_ENVIRONMENT / "lib")]
            subprocess.run([str(python), *compile_all], check=False, capture_output=True)
            _STAMP.write_text(wanted)
    return python


def _run(*command: str) -> None:
    try:
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
            env=real_home_environment(),
        )
    except subprocess.CalledProcessError as problem:
        problem.add_note(f"{problem.stdout}\n{problem.stderr}")
        raise
