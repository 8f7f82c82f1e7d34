"""The base package for tests: its worker, its client and its command line; and ours beside it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.interop.base_env import python_of_base_env
from tests.interop.base_package import BasePackage
from tests.interop.both_worlds import BothWorlds, both_worlds
from tests.support.processes import Process, StartProcess


@pytest.fixture(scope="session")
def base_env() -> Path:
    """The interpreter that has the base package."""
    return python_of_base_env()


@pytest.fixture
def base_package(
    base_env: Path, redis_url: str, start_process: StartProcess, tmp_path: Path
) -> BasePackage:
    """The base package on the (emptied) broker of this test process."""
    return BasePackage(base_env, redis_url, start_process, tmp_path)


@pytest.fixture(scope="package")
def worlds(base_env: Path) -> Iterator[BothWorlds]:
    """One broker for the stories of this folder; it is not emptied between them."""
    with both_worlds(base_env) as worlds:
        yield worlds


@pytest.fixture(scope="package")
def base_agent(worlds: BothWorlds) -> Process:
    """A worker of the base package that serves `base_agent`."""
    return worlds.base_worker("base_agent")


@pytest.fixture(scope="package")
def base_coordinator(worlds: BothWorlds) -> Process:
    """A worker of the base package whose agent gives tasks to `our_agent`."""
    return worlds.base_worker("base_coordinator", "our_agent")


@pytest.fixture(scope="package")
def our_team(worlds: BothWorlds) -> Process:
    """Our worker in mode observe: `our_agent`, `our_coordinator`, `shared_agent`."""
    return worlds.our_worker("open_team", "observe")


@pytest.fixture(scope="package")
def strict_team(worlds: BothWorlds) -> Process:
    """Our worker in mode enforce: `strict_agent`, `main_agent`."""
    return worlds.our_worker("strict_team", "bound")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the shared processes printed when a story fails."""
    report = yield
    worlds = item.funcargs.get("worlds")
    if report.failed and isinstance(worlds, BothWorlds):
        report.sections.append(("what the shared processes printed", worlds.log()))
    return report
