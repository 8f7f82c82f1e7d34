"""The base package for tests: its worker, its client and its command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.base_env import python_of_base_env
from tests.interop.base_package import BasePackage
from tests.support.processes import StartProcess


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
