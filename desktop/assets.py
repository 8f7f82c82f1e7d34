"""Files the console ships: fonts, icons and style sheets, found wherever the console runs from.

The only place that knows where `resources/` lies. Three homes are possible, tried in this order:
a frozen app (`sys._MEIPASS/resources`), an installed wheel (`desktop/_resources`) and a checkout
(`resources/` beside the package). Nothing here knows Qt, so that a command without a window can
hand the app icon to a notification.
"""

import sys
from functools import cache
from pathlib import Path
from typing import Final

APP_ICON: Final = "signoff"


class MissingResource(FileNotFoundError):
    """A shipped file is not there: the installation is broken, and nothing can be drawn right."""


def candidate_roots() -> tuple[Path, ...]:
    """Folders that may hold the resources, best first. They need not exist."""
    package = Path(__file__).resolve().parent
    frozen = getattr(sys, "_MEIPASS", None)  # set by PyInstaller's boot loader
    homes = (package / "_resources", package.parent / "resources")
    return (Path(frozen) / "resources", *homes) if frozen else homes


@cache
def resource_root() -> Path:
    """The folder with the resources of this installation.

    Raises:
        MissingResource: none of the three homes exists.
    """
    for root in candidate_roots():
        # `icons` must be there: an empty `resources` folder of some other project is not ours.
        if (root / "icons").is_dir():
            return root
    tried = ", ".join(str(root) for root in candidate_roots())
    raise MissingResource(f"Signoff's resources are missing. Looked in: {tried}")


def resource(*parts: str) -> Path:
    """Path of one shipped file, e.g. `resource("themes", "signoff.qss")`.

    Raises:
        MissingResource: the file does not exist.
    """
    path = resource_root().joinpath(*parts)
    if not path.is_file():
        raise MissingResource(f"Signoff's file {'/'.join(parts)} is missing from {resource_root()}")
    return path


def icon_svg(name: str) -> str:
    """Source of a line icon. Its strokes are `currentColor`, for the caller to replace."""
    return resource("icons", f"{name}.svg").read_text(encoding="utf-8")


def icon_names() -> tuple[str, ...]:
    """Names of every shipped icon, sorted."""
    return tuple(sorted(path.stem for path in (resource_root() / "icons").glob("*.svg")))


def icon_path(file_name: str) -> Path:
    """Path of an icon file, e.g. `signoff.png`: 256 x 256, for what does not take SVG.

    Raises:
        MissingResource: the file does not exist.
    """
    return resource("icons", file_name)


def font_files() -> tuple[Path, ...]:
    """Every shipped font file, sorted by name."""
    fonts = resource_root() / "fonts"
    return tuple(sorted(path for path in fonts.iterdir() if path.suffix in {".otf", ".ttf"}))
