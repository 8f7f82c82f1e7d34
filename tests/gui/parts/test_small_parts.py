"""The small parts: rail, banner, chips, search, link, prompt, pills, empty places, buttons."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QKeySequence,
    QPalette,
    QShortcut,
    QTextDocument,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.qtmodels.rows import Pill
from desktop.qtmodels.tone import Tone
from desktop.settings import Theme
from desktop.views.parts.banner import Banner
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.choice_box import ChoiceBox
from desktop.views.parts.empty_state import EmptyState
from desktop.views.parts.filter_chips import FilterChips
from desktop.views.parts.labels import TextLabel, caption
from desktop.views.parts.link_indicator import LinkIndicator
from desktop.views.parts.link_prompt import LinkPrompt
from desktop.views.parts.markdown_view import MarkdownView
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.rail import RAIL_WIDTH, Rail
from desktop.views.parts.search_field import SearchField
from desktop.views.theme import apply_theme, tokens
from tests.gui.parts.gallery import RAIL

Show = Callable[[QWidget], None]


@pytest.fixture
def show(qtbot: QtBot) -> Show:
    """Shows a part in a window of its own."""

    def shower(part: QWidget) -> None:
        qtbot.addWidget(part)
        part.show()
        qtbot.waitExposed(part)

    return shower


def named(parent: QWidget, start: str) -> QAbstractButton:
    """The button whose accessible name or words begin like this."""
    for one in parent.findChildren(QAbstractButton):
        if (one.accessibleName() or one.text()).startswith(start):
            return one
    raise AssertionError(f"no button {start!r}")


class TestRail:
    """The rail chooses pages and counts what waits."""

    def test_a_click_asks_for_a_page(self, show: Show, qtbot: QtBot) -> None:
        """The window decides whether it opens."""
        rail = Rail(RAIL)
        show(rail)
        with qtbot.waitSignal(rail.page_chosen) as asked:
            QTest.mouseClick(named(rail, "Agents"), Qt.MouseButton.LeftButton)
        assert asked.args == ["agents"]
        assert rail.width() == RAIL_WIDTH

    def test_the_keyboard_reaches_every_page(self, show: Show, qtbot: QtBot) -> None:
        """Tab goes to the open page, the arrows to the others."""
        rail = Rail(RAIL)
        show(rail)
        rail.activateWindow()
        rail.show_page("approvals")
        named(rail, "Approvals").setFocus(Qt.FocusReason.TabFocusReason)
        qtbot.waitUntil(named(rail, "Approvals").hasFocus)
        for item in RAIL[1:]:
            with qtbot.waitSignal(rail.page_chosen) as asked:
                QTest.keyClick(rail.focusWidget(), Qt.Key.Key_Down)
            assert asked.args == [item.page]

    def test_the_open_page_is_marked(self, show: Show) -> None:
        """One at a time; an unknown page marks nothing."""
        rail = Rail(RAIL)
        show(rail)
        rail.show_page("audit")
        rail.show_page("nowhere")
        marked = [b.accessibleName() for b in rail.findChildren(QToolButton) if b.isChecked()]
        assert marked == ["Audit"]

    def test_what_waits_is_counted_and_said(self, show: Show) -> None:
        """The badge is a picture; screen readers get the number with the name."""
        rail = Rail(RAIL)
        show(rail)
        rail.show_badge("approvals", 3)
        named(rail, "Approvals, 3 waiting")
        rail.show_badge("approvals", 0)
        assert named(rail, "Approvals").accessibleName() == "Approvals"


class TestBanner:
    """A message that says what to do and goes when told."""

    def test_a_message_can_be_acted_on_and_put_away(self, show: Show, qtbot: QtBot) -> None:
        """Hidden before and after."""
        banner = Banner()
        assert banner.title() == ""
        show(banner)
        banner.show_message(Tone.DANGER, "Wrong password", "Type it again.", action="Connect")
        assert banner.title() == "Wrong password"
        assert banner.accessibleName() == "Error: Wrong password. Type it again."
        with qtbot.waitSignal(banner.action_chosen):
            QTest.mouseClick(named(banner, "Connect"), Qt.MouseButton.LeftButton)
        with qtbot.waitSignal(banner.dismissed):
            QTest.mouseClick(named(banner, "Dismiss"), Qt.MouseButton.LeftButton)
        assert banner.isHidden()

    def test_a_message_without_an_action_has_no_button(self, show: Show) -> None:
        """Nor a way to put it away, when it must stay."""
        banner = Banner()
        show(banner)
        banner.show_message(Tone.OK, "Connected", dismissable=False)
        assert not [b for b in banner.findChildren(QAbstractButton) if b.isVisible()]


class TestFilterChips:
    """Exactly one is chosen."""

    def test_a_click_and_the_arrows_choose(self, show: Show, qtbot: QtBot) -> None:
        """The ends hold."""
        chips = FilterChips("Show", [("waiting", "Waiting"), ("done", "Decided")])
        show(chips)
        chips.activateWindow()
        assert chips.choice() == "waiting"
        with qtbot.waitSignal(chips.chosen) as chosen:
            QTest.mouseClick(named(chips, "Decided"), Qt.MouseButton.LeftButton)
        assert (chosen.args, chips.choice()) == (["done"], "done")
        qtbot.waitUntil(named(chips, "Decided").hasFocus)
        QTest.keyClick(named(chips, "Decided"), Qt.Key.Key_Right)
        assert chips.choice() == "done"
        QTest.keyClick(named(chips, "Decided"), Qt.Key.Key_Left)
        assert chips.choice() == "waiting"


class TestSearchField:
    """Escape empties, Down goes on."""

    def test_its_keys(self, show: Show, qtbot: QtBot) -> None:
        """A list below takes over."""
        field = SearchField("Search approvals", "Search")
        show(field)
        QTest.keyClicks(field, "transfer")
        with qtbot.waitSignal(field.left_for_list):
            QTest.keyClick(field, Qt.Key.Key_Down)
        QTest.keyClick(field, Qt.Key.Key_Escape)
        assert field.text() == ""
        assert field.accessibleName() == "Search approvals"

    def test_escape_empties_it_before_it_leads_back(self, show: Show, qtbot: QtBot) -> None:
        """The window leads back with the same key; only an empty field lets it."""
        field = SearchField("Search approvals", "Search")
        show(field)
        field.activateWindow()
        qtbot.waitUntil(field.isActiveWindow)
        went_back: list[bool] = []
        QShortcut(QKeySequence(Qt.Key.Key_Escape), field).activated.connect(
            lambda: went_back.append(True)
        )
        QTest.keyClicks(field, "transfer")
        QTest.keyClick(field, Qt.Key.Key_Escape)
        assert (field.text(), went_back) == ("", [])
        QTest.keyClick(field, Qt.Key.Key_Escape)
        assert went_back == [True]


class TestLinkIndicator:
    """A dot and words."""

    def test_it_says_the_state_also_when_there_is_no_room(self, show: Show) -> None:
        """The words are cut on screen and whole for everybody else."""
        link = LinkIndicator()
        show(link)
        link.show_state(Tone.WARN, "Reconnecting to broker.example.invalid", "Next try in 4 s")
        link.resize(link.minimumSizeHint())
        assert link.accessibleName() == "Link: Reconnecting to broker.example.invalid"
        assert "Next try in 4 s" in link.toolTip()
        assert link.minimumSizeHint().width() < 140


class TestLinkPrompt:
    """The only door through which an address leaves."""

    def test_an_address_is_opened_only_when_a_person_says_so(self, show: Show) -> None:
        """Asking alone opens nothing; saying yes opens it once."""
        opened: list[str] = []
        prompt = prompt_into(opened)
        show(prompt)
        prompt.ask("https://example.invalid/report?a=1%202")
        assert opened == []
        QTest.mouseClick(prompt.open_button, Qt.MouseButton.LeftButton)
        assert opened == ["https://example.invalid/report?a=1%202"]
        assert prompt.isHidden()

    def test_no_is_the_answer_of_enter(self, show: Show, qtbot: QtBot) -> None:
        """The keyboard stands on Cancel."""
        opened: list[str] = []
        prompt = prompt_into(opened)
        show(prompt)
        prompt.activateWindow()
        prompt.ask("https://example.invalid/")
        qtbot.waitUntil(prompt.cancel_button.hasFocus)
        QTest.keyClick(prompt.cancel_button, Qt.Key.Key_Space)
        assert opened == []
        assert prompt.isHidden()

    @pytest.mark.parametrize(
        "address", ["file:///etc/passwd", "javascript:alert(1)", "https://x.invalid/\u202egpj.exe"]
    )
    def test_an_address_that_may_not_be_opened_cannot_be(self, show: Show, address: str) -> None:
        """Even if a page asks about it; it can be read and copied."""
        opened: list[str] = []
        prompt = prompt_into(opened)
        show(prompt)
        prompt.ask(address)
        assert not prompt.open_button.isEnabled()
        QTest.mouseClick(prompt.open_button, Qt.MouseButton.LeftButton)
        assert opened == []
        QTest.mouseClick(prompt.copy_button, Qt.MouseButton.LeftButton)
        assert QGuiApplication.clipboard().text() == address


class TestWords:
    """Labels, pills, buttons, empty places."""

    def test_a_label_takes_no_markup_and_hides_nothing(self, show: Show) -> None:
        """Whatever an agent calls its tool."""
        label = TextLabel("<b>bold</b>\u202e")
        show(label)
        assert label.text() == "<b>bold</b>⟨U+202E RLO⟩"
        assert label.textFormat() is Qt.TextFormat.PlainText

    def test_a_label_without_room_is_cut_and_still_has_all_of_it(self, show: Show) -> None:
        """It gives way on screen, not in the tool tip nor for screen readers."""
        label = TextLabel("transfer_funds_to_a_counterparty")
        show(label)
        label.resize(label.sizeHint())
        assert label.toolTip() == ""
        label.resize(80, label.height())
        assert QLabel.text(label).endswith("…")
        assert label.fontMetrics().horizontalAdvance(QLabel.text(label)) <= 80
        assert label.toolTip() == label.text() == "transfer_funds_to_a_counterparty"
        label.resize(400, label.height())
        assert QLabel.text(label) == label.text()

    def test_a_tool_tip_takes_no_markup_either(self, show: Show) -> None:
        """Qt would paint a picture that an agent's name asks for."""
        name = '<img src="/etc/hostname"> <b>approved</b>'
        label = TextLabel(name)
        show(label)
        label.resize(40, label.height())
        read = QTextDocument()
        read.setHtml(label.toolTip())
        assert read.toPlainText() == label.text() == name
        assert "<img" not in label.toolTip()

    def test_a_box_cuts_a_long_choice_and_still_tells_all_of_it(self, show: Show) -> None:
        """In the tool tip, while there is no room for it."""
        box = ChoiceBox()
        box.addItems(["All agents", "claims_and_appeals_second_level_agent"])
        show(box)
        box.resize(130, box.height())
        assert box.toolTip() == ""
        box.setCurrentIndex(1)
        assert box.toolTip() == "claims_and_appeals_second_level_agent"
        box.resize(400, box.height())
        assert box.toolTip() == ""

    @pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
    def test_words_in_an_empty_field_can_be_read(self, show: Show, theme: Theme) -> None:
        """Qt dresses them in half the colour of text, which is too faint by far."""
        apply_theme(QApplication.instance(), theme)
        for field in (QLineEdit(), QPlainTextEdit()):
            field.setPlaceholderText("Reason")
            show(field)
            ink = field.palette().color(QPalette.ColorRole.PlaceholderText)
            assert ink == QColor(tokens().faint)

    def test_a_caption_shouts_only_on_screen(self, show: Show) -> None:
        """Screen readers would spell capitals."""
        label = caption("Arguments")
        show(label)
        assert (label.text(), label.accessibleName()) == ("ARGUMENTS", "Arguments")

    def test_a_pill_is_as_wide_as_its_word_and_gone_without_one(self, show: Show) -> None:
        """It never pushes a page apart."""
        parent = QWidget()
        pill = PillLabel(Pill("Waiting for approval", Tone.WARN), parent)
        show(parent)
        wide = pill.sizeHint().width()
        pill.show_pill(Pill("Done", Tone.OK))
        assert pill.sizeHint().width() < wide
        assert pill.accessibleName() == "Done"
        pill.show_pill(None)
        assert pill.isHidden()
        pill.show_pill(Pill("Back", Tone.OK))
        assert pill.isVisible()

    def test_a_button_shows_its_key_and_tells_it(self, show: Show, qtbot: QtBot) -> None:
        """The key is not part of its name."""
        button = ActionButton("Approve", ButtonLook.PRIMARY, key_hint="A", icon_name="check")
        show(button)
        assert button.text() == "Approve"
        assert button.accessibleDescription() == "Key: A"
        assert button.sizeHint().width() > ActionButton("Approve").sizeHint().width()
        with qtbot.waitSignal(button.clicked):
            QTest.keyClick(button, Qt.Key.Key_Space)

    def test_a_disabled_button_does_nothing(self, show: Show, qtbot: QtBot) -> None:
        """And looks like it."""
        button = ActionButton("Approve", ButtonLook.PRIMARY)
        show(button)
        button.setEnabled(False)
        with qtbot.assertNotEmitted(button.clicked):
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        assert button.cursor().shape() is Qt.CursorShape.ArrowCursor

    def test_an_empty_place_says_why_and_what_to_do(self, show: Show, qtbot: QtBot) -> None:
        """With a button only where there is something to do."""
        empty = EmptyState("plug", "Not connected", "Start the demo.", action="Start demo")
        show(empty)
        with qtbot.waitSignal(empty.action_chosen):
            QTest.mouseClick(named(empty, "Start demo"), Qt.MouseButton.LeftButton)
        empty.show_words("Nothing waits", "Requests appear here.")
        assert empty.accessibleName() == "Nothing waits. Requests appear here."
        assert "Nothing waits" in [label.text() for label in empty.findChildren(QLabel)]
        assert not named(empty, "").isVisible()


class TestMarkdownView:
    """One text, as high as it needs to be."""

    def test_it_grows_with_its_text_up_to_its_limit(self, show: Show) -> None:
        """Then it scrolls."""
        view = MarkdownView("Description", max_height=200)
        show(view)
        view.resize(400, 10)
        view.show_markdown("one line")
        low = view.height()
        view.show_markdown("one line\n\n" * 40)
        assert low < 60
        assert view.height() == 200

    def test_a_long_text_goes_on_when_asked(self, show: Show, qtbot: QtBot) -> None:
        """And any other link is only told."""
        view = MarkdownView("Description", max_height=200)
        show(view)
        view.show_markdown("x " * 35_000)
        view.anchorClicked.emit(QUrl("signoff-more:"))
        assert view.toPlainText().count("x") == 35_000
        with qtbot.waitSignal(view.link_requested):
            view.anchorClicked.emit(QUrl("https://example.invalid/"))


def prompt_into(opened: list[str]) -> LinkPrompt:
    """A prompt that writes down what it would open."""

    def open_address(url: QUrl) -> bool:
        opened.append(url.toString(QUrl.ComponentFormattingOption.FullyEncoded))
        return True

    return LinkPrompt(open_address=open_address)
