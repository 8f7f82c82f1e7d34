"""An office whose threads are kept in each kind of store."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.workers.conftest import book as book
from tests.integration.workers.conftest import office as office

#: Stores that outlive a process.
LASTING = ("sqlite", "postgres", "mysql")
#: All; the last one is gone with its worker.
STORES = (*LASTING, "memory")


def new_store(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """The address of an empty store."""
    match kind:
        case "sqlite":
            return str(folder / "checkpoints.sqlite")
        case "memory":
            return ":memory:"
        case "postgres":
            address: str = request.getfixturevalue("postgres_server").new_database()
        case _:
            address = request.getfixturevalue("maria_server").new_database()
    return address


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store of each kind."""
    return new_store(request.param, request, tmp_path)


@pytest.fixture(params=LASTING)
def lasting_store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store of each kind that outlives a process."""
    return new_store(request.param, request, tmp_path)
