"""What a person may ask of the workers on this computer, and what a definition must look like.

The only place that decides whether a definition may be kept and started. The form asks it while
somebody writes, the file asks it when it is read: what it refuses is never started.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from desktop.store.local_workers import LogPage, WorkerDefinition

#: In the place of a worker's id: the bundled demo, which can be started, stopped and watched too.
DEMO_ID = "demo"
MAX_WORKERS = 50
MAX_NAME = 60
MAX_TEXT = 4000
MAX_VARIABLES = 100
MAX_VALUE = 16_000
#: Set for each worker by the console itself.
BROKER_VARIABLE = "SIGNOFF_REDIS_URL"

_ID = re.compile(r"[0-9a-f]{32}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# MAX_TOKENS is no secret, and neither is MONKEY.
_SOUNDS_SECRET = re.compile(
    r"(^|_|API)KEY|TOKEN(?!S)|SECRET|PASSW|PASSPHRASE|CREDENTIAL", re.IGNORECASE
)


class LocalWorkersDesk(Protocol):
    """The workers of a person's own, and the demo (`DEMO_ID`), which cannot be kept or removed.

    No call blocks; what comes of it arrives in the store.
    """

    def keep(self, definition: WorkerDefinition, secrets: Mapping[str, str]) -> None:
        """Add a worker, or change the one of this id; what runs goes on as it was started.

        Args:
            definition: `problems_of` finds nothing wrong with it.
            secrets: values to keep in the keyring, by name; names not given keep theirs.
        """
        ...

    def remove(self, worker_id: str) -> None:
        """Stop a worker if it runs, and forget it with its secrets and its log."""
        ...

    def start(self, worker_id: str) -> None:
        """Start it for the broker that is followed."""
        ...

    def stop(self, worker_id: str) -> None:
        """Let it finish what runs, and end; asked again, end it at once."""
        ...

    def restart(self, worker_id: str) -> None:
        """Stop it, wait until it is gone, and start it."""
        ...

    def log(self, worker_id: str, after: int, limit: int) -> LogPage:
        """Lines of its log from number `after` on; at most `limit`."""
        ...


def new_id() -> str:
    """An id for a new definition."""
    return uuid.uuid4().hex


def sounds_secret(name: str, value: str = "") -> bool:
    """Whether a variable looks like one whose value belongs into the keyring."""
    return bool(_SOUNDS_SECRET.search(name)) or _holds_password(value)


def problems_of(
    definition: WorkerDefinition, others: Iterable[WorkerDefinition] = ()
) -> dict[str, str]:
    """What is wrong with a definition, by the name of its field; empty when nothing is.

    Looks at the file system: folders and files must be there.
    """
    found = shape_problems_of(definition, others)
    for field, is_there, words in (
        ("folder", Path.is_dir, "There is no such folder."),
        ("python", _is_program, "There is no such program."),
        ("environment_file", Path.is_file, "There is no such file."),
    ):
        path = getattr(definition, field)
        if path and field not in found and not _holds(is_there, Path(path)):
            found[field] = words
    return found


def shape_problems_of(
    definition: WorkerDefinition, others: Iterable[WorkerDefinition] = ()
) -> dict[str, str]:
    """The same without a look at the file system: what a file that was read must fulfil."""
    taken = {other.name.casefold() for other in others if other.id != definition.id}
    checks = {
        "id": "" if _ID.fullmatch(definition.id) else "No id of a worker.",
        "name": _name_problem(definition.name, taken),
        "target": _target_problem(definition.target),
        "folder": _path_problem(definition.folder) or ("" if definition.folder else "Choose one."),
        "python": _path_problem(definition.python),
        "environment_file": _path_problem(definition.environment_file),
        "environment": _environment_problem(definition),
    }
    return {field: words for field, words in checks.items() if words}


def _name_problem(name: str, taken: set[str]) -> str:
    if not name.strip():
        return "Give it a name."
    if len(name) > MAX_NAME or not name.isprintable() or name != name.strip():
        return f"At most {MAX_NAME} visible characters."
    return "Another worker has this name." if name.casefold() in taken else ""


def _target_problem(target: str) -> str:
    module, colon, attribute = target.partition(":")
    if not colon:
        return "Write MODULE:ATTRIBUTE, such as my_agents:runner."
    if len(target) > MAX_TEXT:
        return "This is too long."
    for what, path in (("module", module), ("attribute", attribute)):
        if not all(part.isidentifier() for part in path.split(".")):
            return f"{path!r} is no name of {'a' if what == 'module' else 'an'} {what} in Python."
    return ""


def _path_problem(path: str) -> str:
    if not path:
        return ""
    if len(path) > MAX_TEXT or not path.isprintable():
        return "This is no path."
    return "" if Path(path).is_absolute() else "Write the whole path, from the root."


def _environment_problem(definition: WorkerDefinition) -> str:
    names = [*definition.environment, *definition.secrets]
    if len(names) > MAX_VARIABLES:
        return f"At most {MAX_VARIABLES} variables."
    for name in names:
        if not _VARIABLE.fullmatch(name) or len(name) > MAX_TEXT:
            return f"{name[:MAX_NAME]!r} is no name of a variable."
        if name == BROKER_VARIABLE:
            return f"{name} is set by Signoff: to the broker it follows."
        if names.count(name) > 1:
            return f"{name} is there twice."
    for name, value in definition.environment.items():
        if len(value) > MAX_VALUE or "\0" in value:
            return f"The value of {name} cannot be passed on."
        if sounds_secret(name, value):
            return f"{name} looks like a secret: mark it as one, and the keyring keeps it."
    return ""


def _holds_password(value: str) -> bool:
    """Whether there is an address with a password, such as a database's."""
    for rest in value.split("://")[1:]:
        login, at, _host = rest.partition("/")[0].rpartition("@")
        if at and ":" in login:
            return True
    return False


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _holds(check: Callable[[Path], bool], path: Path) -> bool:
    try:
        return check(path)
    except OSError:  # a name too long, a folder nobody may look into
        return False
