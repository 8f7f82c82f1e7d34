"""The tour: the story of a desk, told in the real window against the real demo, with pictures.

The only place that knows the order of the scenes. It succeeds only if the worker's own ledger says
that what was approved ran, once, and what was rejected did not, and if the audit log is whole.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import msgspec

from desktop.tour.main_job import MainJob
from desktop.tour.two_people import TwoPeople
from desktop.tour.visit import Stage, Visit
from workers.wire.errors import SignoffError

_Scene: TypeAlias = tuple[str, Callable[[], Awaitable[None]]]


class Step(msgspec.Struct, frozen=True):
    """One step of the report."""

    name: str
    ok: bool
    seconds: float
    problem: str = ""


class Report(msgspec.Struct):
    """What `report.json` holds.

    Attributes:
        screenshots, exports: names of files beside it.
    """

    ok: bool
    steps: list[Step]
    screenshots: list[str]
    exports: list[str]


async def run_tour(stage: Stage, directory: Path, home: Path) -> bool:
    """Drive a console's window through the whole story.

    Args:
        directory: exists; gets the pictures, an export of the audit log, and `report.json`.
        home: the console's `SIGNOFF_HOME`, where the demo keeps its ledger.

    Returns:
        Whether every step succeeded.
    """
    visit = Visit(stage, directory, home)
    job, two = MainJob(visit), TwoPeople(visit)
    steps = [step async for step in _told(_story(job, two), visit)]
    report = Report(all(step.ok for step in steps), steps, visit.pictures, two.exports)
    (directory / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    for step in report.steps:
        mark = "ok" if step.ok else "FAILED"
        print(f"{mark:6} {step.seconds:6.2f} s  {step.name}  {step.problem}".rstrip())  # noqa: T201
    return report.ok


def _story(job: MainJob, two: TwoPeople) -> tuple[_Scene, ...]:
    return (
        ("start without a broker", job.welcome),
        ("start the demo", job.start_demo),
        ("ask the treasury agent for a transfer", job.ask_for_transfer),
        ("ask for two more calls that wait", job.ask_for_more),
        ("open the request", job.open_request),
        ("approve it by a click", job.approve),
        ("the worker ran the approved call", job.check_ran),
        ("reject a second call with a reason", job.reject),
        ("the worker did not run the rejected call", job.check_not_run),
        ("ask for a transfer that takes two people", two.ask),
        ("sign it as the first of two", two.sign_first),
        ("sign it as the second of two", two.sign_second),
        ("the worker ran it once", two.check_ran_once),
        ("verify the audit log", two.verify),
        ("open the decision in the audit log", two.open_decision),
        ("export it as PDF", two.export),
        ("lock the console, and come back", two.lock),
        ("chat with the coordinator", job.chat),
        ("look at agents and settings", job.look_around),
        ("stop the demo", job.stop_demo),
    )


async def _told(story: tuple[_Scene, ...], visit: Visit) -> AsyncIterator[Step]:
    """Scene after scene; the first that fails ends it."""
    for name, scene in story:
        began = time.monotonic()
        problem = ""
        try:
            await scene()
        except SignoffError as error:
            problem = f"{error.title} {error.hint}".strip()
        yield Step(name, not problem, round(time.monotonic() - began, 3), problem)
        if problem:
            await visit.pictures_of("failed")
            return
