"""A test that leaves something behind fails, and the failure names it.

A pytest of its own runs one file with all the cases, with our fixtures; each test here reads
what it said about one of them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.support.environment import ROOT

# One pytest for all of them, and not one in each of the test processes.
pytestmark = pytest.mark.xdist_group("left behind")

_CASES = """
import asyncio
import subprocess
import tempfile
import threading

import redis


def test_thread():
    threading.Thread(target=threading.Event().wait, name="reader", daemon=True).start()


async def tail_for_ever():
    await asyncio.Event().wait()


async def test_task():
    test_task.kept = asyncio.create_task(tail_for_ever(), name="tail")


def test_child():
    test_child.kept = subprocess.Popen(["sleep", "987"])


def test_after_the_child():
    assert test_child.kept.wait(5) == -9


def test_grandchild():
    subprocess.run("sleep 986 & sleep 0", shell=True, check=True)


def test_folder():
    tempfile.mkdtemp(prefix="forgotten-")


def test_key(redis_url):
    with redis.from_url(redis_url) as client:
        client.set("signoff:{agent_task:c1}:seen:x", 1)
        client.set("signoff:{agent_event:a}:seen:c:1", 1, ex=60)
        client.xadd("agent_task:c1", {"data": "{}"})


async def test_clean():
    task = asyncio.create_task(asyncio.sleep(60))
    task.cancel()
    await asyncio.to_thread(subprocess.run, ["true"], check=True)
    with tempfile.TemporaryDirectory():
        pass
"""


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What was said about each case that failed."""
    file = tmp_path_factory.mktemp("cases") / "test_cases.py"
    file.write_text(_CASES)
    options = ["-q", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    options += ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)]
    run = subprocess.run(  # it fails, on purpose
        [sys.executable, "-m", "pytest", *options, str(file)],
        cwd=ROOT,
        env={**os.environ, "TESTS_OF_SIGNOFF_GRACE_SECONDS": "0.3"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    found = re.findall(r"ERROR at teardown of test_(\w+) _+\n(.*)", run.stdout)
    assert found, run.stdout + run.stderr
    return dict(found)


def test_a_thread(complaints: dict[str, str]) -> None:
    """A thread that nobody ended is named."""
    assert "left behind: thread 'reader'" in complaints["thread"]


def test_a_task(complaints: dict[str, str]) -> None:
    """An asyncio task that nobody ended is named, with its coroutine."""
    assert "asyncio tasks left behind: tail" in complaints["task"]
    assert "tail_for_ever" in complaints["task"]


def test_a_child_process(complaints: dict[str, str]) -> None:
    """A child that still runs is named, and ended before the next test."""
    assert "sleep 987" in complaints["child"]
    assert "after_the_child" not in complaints


def test_a_grandchild_whose_parent_is_gone(complaints: dict[str, str]) -> None:
    """A process does not get away by losing its parent."""
    assert "sleep 986" in complaints["grandchild"]


def test_a_temporary_folder(complaints: dict[str, str]) -> None:
    """A temporary folder that nobody removed is named."""
    assert "forgotten-" in complaints["folder"]


def test_a_key_without_expiry(complaints: dict[str, str]) -> None:
    """A key that would stay on the broker for ever is named; others are not."""
    assert "not permanent: ['signoff:{agent_task:c1}:seen:x']" in complaints["key"]


def test_who_cleans_up_is_left_alone(complaints: dict[str, str]) -> None:
    """Everything started and ended in good order is no reason to complain."""
    assert "clean" not in complaints
