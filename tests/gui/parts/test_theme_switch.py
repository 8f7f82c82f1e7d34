"""Themes change while the console runs, and everything follows."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop.settings import Theme
from desktop.views.theme import appearance, apply_theme, mono_font, tokens
from desktop.views.theme_tokens import DARK, LIGHT
from tests.gui.parts.gallery import Gallery

BOTH = pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])


@BOTH
def test_the_whole_page_wears_the_theme(
    theme: Theme, qtbot: QtBot, dressed: QApplication, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The page is drawn in each theme; its picture is kept for a person to look at."""
    apply_theme(dressed, theme)
    picture = picture_of(shown(qtbot))

    path = tmp_path_factory.getbasetemp() / f"gallery-{theme}.png"
    assert picture.save(str(path))
    assert picture.pixelColor(400, 400) == QColor(tokens().bg)


def test_a_page_built_in_one_theme_looks_as_if_built_in_the_other(
    qtbot: QtBot, dressed: QApplication
) -> None:
    """Icons, boxes and the colours inside documents follow: no pixel of the old theme is left."""
    apply_theme(dressed, Theme.DARK)
    built_dark = picture_of(shown(qtbot))
    apply_theme(dressed, Theme.LIGHT)
    page = shown(qtbot)
    apply_theme(dressed, Theme.DARK)

    assert share_of_differing_pixels(picture_of(page), built_dark) < 0.001


def test_following_the_system_means_changing_with_it(dressed: QApplication) -> None:
    """The desktop goes dark in the evening, and the console with it."""
    apply_theme(dressed, Theme.SYSTEM)
    assert tokens() is LIGHT  # offscreen has no opinion

    dressed.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert tokens() is DARK


def test_a_chosen_theme_stays_whatever_the_system_does(dressed: QApplication) -> None:
    """Who chose light wants light."""
    apply_theme(dressed, Theme.LIGHT)
    dressed.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert tokens() is LIGHT


def test_there_is_one_appearance_however_often_themes_change(dressed: QApplication) -> None:
    """Parts hold on to it."""
    before = appearance()
    apply_theme(dressed, Theme.DARK)
    assert appearance() is before


def test_the_shipped_fonts_are_the_ones_used(dressed: QApplication) -> None:
    """Text is set in Inter and JetBrains Mono, unhinted, wherever the console runs."""
    assert {"Inter", "JetBrains Mono"} <= set(QFontDatabase.families())
    assert dressed.font().family() == "Inter"
    assert mono_font().hintingPreference() is QFont.HintingPreference.PreferNoHinting


def shown(qtbot: QtBot) -> Gallery:
    """The gallery in a window of a usual size."""
    page = Gallery()
    qtbot.addWidget(page)
    page.resize(1480, 1280)
    page.show()
    qtbot.waitExposed(page)
    page.transcript.setFocus()
    QApplication.processEvents()
    return page


def picture_of(page: QWidget) -> QImage:
    """What a person sees now."""
    QApplication.processEvents()
    return page.grab().toImage()


def share_of_differing_pixels(one: QImage, other: QImage) -> float:
    """0 for equal pictures, 1 for pictures without one equal pixel."""
    assert one.size() == other.size()
    a, b = (picture.convertToFormat(QImage.Format.Format_RGB32) for picture in (one, other))
    left, right = bytes(a.constBits()), bytes(b.constBits())
    differing = sum(left[at : at + 4] != right[at : at + 4] for at in range(0, len(left), 4))
    return differing / (len(left) / 4)
