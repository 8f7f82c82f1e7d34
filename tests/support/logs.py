"""Logs of one test are not those of the next.

The only place where tests take back what a command has configured for its process, which here is
that of all tests: a later test would write to a stream that is closed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def logs_of_this_test_only() -> Iterator[None]:
    """Whatever the test configures is gone after it."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before, level
    structlog.reset_defaults()
