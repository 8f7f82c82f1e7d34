"""Resources are found in a checkout, in a wheel and in a frozen app."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from desktop import assets

#: Icons that pages ask for by name.
WANTED = (
    *(
        "agents",
        "approvals",
        "audit",
        "bolt",
        "check",
        "chevron",
        "chevron-down",
        "chevron-up",
        "clock",
        "conversations",
    ),
    *("copy", "edit", "info", "link", "lock", "moon", "plug", "plus", "search", "send", "settings"),
    *("sun", "user", "warning", "x"),
)


@pytest.fixture(autouse=True)
def root_is_looked_for_again() -> Iterator[None]:
    """The folder is remembered for the life of a process; tests move it."""
    assets.resource_root.cache_clear()
    yield
    assets.resource_root.cache_clear()


def test_a_checkout_finds_the_folder_beside_the_package() -> None:
    """What a developer runs needs no build step."""
    assert assets.resource_root() == Path(assets.__file__).parent.parent / "resources"


def test_an_installed_wheel_finds_the_folder_inside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel carries `resources` as `desktop/_resources`."""
    package = tmp_path / "site-packages" / "desktop"
    shutil.copytree(assets.resource_root(), package / "_resources")
    assets.resource_root.cache_clear()
    monkeypatch.setattr(assets, "__file__", str(package / "assets.py"))

    assert assets.icon_path("signoff.png").is_relative_to(package)


def test_a_frozen_app_finds_the_folder_it_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyInstaller says where it put things; that place comes first."""
    shutil.copytree(assets.resource_root(), tmp_path / "resources")
    assets.resource_root.cache_clear()
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)

    assert assets.resource("themes", "signoff.qss").is_relative_to(tmp_path)


def test_a_broken_installation_says_where_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person can mend what they are told about."""
    monkeypatch.setattr(assets, "__file__", str(tmp_path / "desktop" / "assets.py"))

    with pytest.raises(assets.MissingResource, match=str(tmp_path)):
        assets.resource_root()


def test_a_missing_file_is_named() -> None:
    """Not `No such file` somewhere in Qt."""
    with pytest.raises(assets.MissingResource, match=r"nothing\.svg"):
        assets.icon_path("nothing.svg")


@pytest.mark.parametrize("name", WANTED)
def test_every_icon_is_a_line_drawing_that_takes_a_colour(name: str) -> None:
    """24 x 24, strokes in the colour of the text, and nothing that could load anything."""
    svg = assets.icon_svg(name)
    root = ET.fromstring(svg)  # noqa: S314 - our own files

    assert root.get("viewBox") == "0 0 24 24"
    assert root.get("stroke") == "currentColor"
    assert "href" not in svg
    assert "script" not in svg


def test_every_font_comes_with_its_licence() -> None:
    """The Open Font License wants its text to travel with the fonts."""
    folder = assets.resource_root() / "fonts"
    families = {path.stem.partition("-")[0] for path in assets.font_files()}

    assert families == {"Inter", "JetBrainsMono"}
    for family in families:
        text = (folder / f"{family}-OFL.txt").read_text(encoding="utf-8")
        assert "SIL OPEN FONT LICENSE" in text


def test_the_list_of_icons_knows_them_all() -> None:
    """`signoff`, the app's own icon, is the only one that is not a line drawing."""
    assert set(assets.icon_names()) == {*WANTED, assets.APP_ICON}
