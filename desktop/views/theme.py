"""How the console looks: one style, one palette, one style sheet, the shipped fonts.

The only place that touches the application's style. `apply_theme` may be called at any time;
parts that paint or hold icons listen to `appearance().changed` and read `appearance().tokens`.
"""

from string import Template

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from desktop import assets
from desktop.settings import Theme
from desktop.views.theme_tokens import DARK, LIGHT, Tokens

UI_FAMILY = "Inter"
MONO_FAMILY = "JetBrains Mono"
BODY_PIXELS = 14
MONO_PIXELS = 13


class Appearance(QObject):
    """The theme in force, one per application; owned by it and found with `appearance()`.

    Signals:
        changed: palette, style sheet and tokens are new; icons must be drawn again.

    Attributes:
        name: what was asked for. tokens: what it came to.
    """

    changed = Signal()

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self.name = Theme.SYSTEM
        self.tokens: Tokens = LIGHT
        app.styleHints().colorSchemeChanged.connect(self._on_system_scheme_changed)

    def use(self, name: Theme) -> None:
        """Switch to a theme now; every window repaints."""
        self.name = name
        hints = self._app.styleHints()
        # The platform then draws title bars and its own dialogs to match.
        match name:
            case Theme.SYSTEM:
                hints.unsetColorScheme()
                self._wear(_tokens_of(hints.colorScheme()))
            case Theme.LIGHT:
                hints.setColorScheme(Qt.ColorScheme.Light)
                self._wear(LIGHT)
            case Theme.DARK:
                hints.setColorScheme(Qt.ColorScheme.Dark)
                self._wear(DARK)

    def _on_system_scheme_changed(self, scheme: Qt.ColorScheme) -> None:
        if self.name is Theme.SYSTEM:
            self._wear(_tokens_of(scheme))

    def _wear(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self._app.setPalette(palette_of(tokens))
        self._app.setStyleSheet(style_sheet_of(tokens))
        self.changed.emit()


def apply_theme(app: QApplication, name: Theme) -> None:
    """Dress the application. The first call also loads the fonts and sets the style.

    Raises:
        MissingResource: a font or the style sheet is not there.
    """
    found = app.findChild(Appearance, options=Qt.FindChildOption.FindDirectChildrenOnly)
    if found is None:
        found = Appearance(app)
        app.setStyle("Fusion")
        for path in assets.font_files():
            QFontDatabase.addApplicationFont(str(path))
        app.setFont(ui_font())
    found.use(name)


def appearance() -> Appearance:
    """The running application's appearance.

    Raises:
        RuntimeError: `apply_theme` was not called yet.
    """
    app = QApplication.instance()
    if app is not None:
        found = app.findChild(Appearance, options=Qt.FindChildOption.FindDirectChildrenOnly)
        if found is not None:
            return found
    raise RuntimeError("apply_theme(app, name) must be called before a part is built")


def tokens() -> Tokens:
    """Colours in force now. Read them when painting; do not keep them."""
    return appearance().tokens


def ui_font(pixels: int = BODY_PIXELS, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Inter in a size and weight, unhinted so that text looks the same on every screen."""
    return _font(UI_FAMILY, pixels, weight)


def mono_font(pixels: int = MONO_PIXELS) -> QFont:
    """JetBrains Mono: arguments, tool names, code."""
    font = _font(MONO_FAMILY, pixels, QFont.Weight.Normal)
    font.setFixedPitch(True)
    # Ligatures would show `->` as an arrow: a reviewer must see the characters that will run.
    font.setFeature(QFont.Tag("calt"), 0)
    return font


def _font(family: str, pixels: int, weight: QFont.Weight) -> QFont:
    font = QFont(family)
    font.setPixelSize(pixels)
    font.setWeight(weight)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def _tokens_of(scheme: Qt.ColorScheme) -> Tokens:
    return DARK if scheme is Qt.ColorScheme.Dark else LIGHT


def palette_of(tokens: Tokens) -> QPalette:
    """Palette for what the style sheet does not reach: Fusion's own marks and native dialogs."""
    role = QPalette.ColorRole
    colours = {
        role.Window: tokens.bg,
        role.Base: tokens.panel,
        role.AlternateBase: tokens.raised,
        role.Text: tokens.text,
        role.WindowText: tokens.text,
        role.Button: tokens.panel,
        role.ButtonText: tokens.text,
        role.BrightText: tokens.danger,
        role.Highlight: tokens.fill,
        role.HighlightedText: tokens.on_fill,
        role.PlaceholderText: tokens.faint,
        role.ToolTipBase: tokens.panel,
        role.ToolTipText: tokens.text,
        role.Link: tokens.accent,
        role.LinkVisited: tokens.accent,
        role.Accent: tokens.accent,
        role.Light: tokens.raised,
        role.Midlight: tokens.raised,
        role.Mid: tokens.border,
        role.Dark: tokens.outline,
        role.Shadow: tokens.border,
    }
    palette = QPalette()
    for which, colour in colours.items():
        palette.setColor(which, QColor(colour))
    for which in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(tokens.faint))
    return palette


def style_sheet_of(tokens: Tokens) -> str:
    """The style sheet with a theme's colours in it.

    Raises:
        KeyError: the sheet names a token that does not exist.
    """
    sheet = assets.resource("themes", "signoff.qss").read_text(encoding="utf-8")
    arrow = assets.resource("themes", f"down-{tokens.name}.svg").as_posix()
    colours = {name: str(getattr(tokens, name)) for name in Tokens.__dataclass_fields__}
    tick = assets.resource("themes", "tick.svg").as_posix()
    return Template(sheet).substitute(colours, down_arrow=arrow, tick=tick)
