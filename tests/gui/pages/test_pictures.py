"""Pictures of the window for people to look at: `pytest --basetemp DIR` leaves them there.

Each scene is painted in both themes, in the usual and in a small window. The tests only hold that
there is something to look at; whether it looks right is for eyes.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.audit.keys import LogKeys
from desktop.settings import Theme
from desktop.store.local_records import DemoState
from desktop.views.main_window import MainWindow
from desktop.views.theme import apply_theme, tokens
from tests.gui.pages.morning import morning
from tests.gui.pages.pictured import SCENES, Scene
from tests.gui.pages.pictured_cards import SCENES as CARD_SCENES
from tests.gui.pages.recorded import Recorded, morning_log
from tests.gui.pages.seeing import (
    cut_off,
    open_page,
)
from tests.support.hand_fed import HandFed

ALL = (*SCENES, *CARD_SCENES)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LogKeys]:
    """A morning's audit log, which every scene reads and none writes; and its keys."""
    path = tmp_path_factory.mktemp("audit") / "log.sqlite"
    return path, morning_log(path)


@pytest.mark.usefixtures("short_guard")
# Each in both themes and in both sizes; all four together take minutes and show nothing more.
@pytest.mark.parametrize(
    ("size", "theme"), [((1480, 900), Theme.LIGHT), ((900, 640), Theme.DARK)], ids=["wide", "small"]
)
@pytest.mark.parametrize("scene", ALL, ids=[scene.__name__ for scene in ALL])
def test_a_scene_can_be_looked_at(
    fed: HandFed,
    qtbot: QtBot,
    dressed: QApplication,
    written: tuple[Path, LogKeys],
    tmp_path: Path,
    scene: Scene,
    size: tuple[int, int],
    theme: Theme,
) -> None:
    """It is painted whole, in the colours of its theme, with nothing cut off."""
    apply_theme(dressed, theme)
    fed.demo(DemoState.RUNNING, "4 demo agents are running")
    window = MainWindow(
        morning(fed).store, fed.bridge, fed.approvals, fed.conversations, fed.desk, fed.clock
    )
    open_page(window, qtbot, size)
    qtbot.waitUntil(window.isActiveWindow)
    with closing(Recorded(fed, *written)):
        scene((window, fed, qtbot))
    for _ in range(10):  # what is due is laid out: a turn for each depth of wrapped text
        QApplication.processEvents()
    assert cut_off(window) == []
    picture = window.grab().toImage()
    assert picture.save(str(tmp_path / f"{scene.__name__}-{theme}-{size[0]}.png"))
    assert picture.size().toTuple() == size
    assert picture.pixelColor(4, size[1] - 4).name() == tokens().panel  # the status line
    assert colours_in(picture) > 20


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
def test_the_first_run_can_be_looked_at(
    qtbot: QtBot, dressed: QApplication, tmp_path: Path, theme: Theme
) -> None:
    """No broker, nothing known, two ways on."""
    apply_theme(dressed, theme)
    fed = HandFed()
    window = MainWindow(
        fed.store, fed.bridge, fed.approvals, fed.conversations, fed.desk, fed.clock
    )
    open_page(window, qtbot, (1480, 900))
    assert window.grab().save(str(tmp_path / f"first-run-{theme}.png"))
    assert cut_off(window) == []


def colours_in(picture: QImage) -> int:
    """How many colours a coarse look at a picture finds."""
    image = picture.convertToFormat(QImage.Format.Format_RGB32)  # one number for each pixel
    pixels, width = memoryview(image.constBits()).cast("I"), image.width()
    lines = range(0, len(pixels), 3 * width)
    return len(set[int]().union(*(pixels[at : at + width : 3] for at in lines)))
