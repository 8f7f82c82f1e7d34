"""The composition root of the window: builds every room once, connects them, and stops them.

The only place that knows everybody. It wires and decides nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

import structlog
from PySide6.QtCore import QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from desktop import assets, settings
from desktop.actions.alerts import Alert, alert_for
from desktop.actions.approvals import Approvals
from desktop.actions.audit import Audit
from desktop.actions.conversations import Conversations
from desktop.actions.guard import GuardedOutbox
from desktop.actions.halts import HaltActions
from desktop.actions.ports import Note, TellOtherDesks
from desktop.actions.repairs import Repairs
from desktop.actions.signing import SigningActions
from desktop.audit.entries import AuditKind, happened
from desktop.engine.runner import EngineThread
from desktop.errors import ConsoleError, VaultUnavailable
from desktop.qtmodels.bridge import Bridge
from desktop.qtmodels.tone import Tone
from desktop.settings import Choice, Person, Settings, Theme
from desktop.store.changes import Changes
from desktop.store.facts import Fact, ReadOnlyChanged
from desktop.store.store import Store
from desktop.system.absence import Absence
from desktop.system.demo_desk import DemoOfDesk
from desktop.system.demo_process import DemoProcess
from desktop.system.enrolling import NewKey
from desktop.system.identity_of_desk import IdentityOfDesk
from desktop.system.kept_text import KeptText
from desktop.system.local_workers import LocalWorkers
from desktop.system.local_workers_desk import LocalWorkersOfDesk
from desktop.system.notifications import Notifications
from desktop.system.spare_memory import give_back
from desktop.system.vault import LogKeyring, Vault
from desktop.views.main_window import MainWindow
from desktop.views.theme import apply_theme
from workers.wire.addresses import join_password, split_password
from workers.wire.errors import SignoffError

T = TypeVar("T")
log = structlog.get_logger(__name__)
#: After a survey; the list has taken it in by then.
_LISTED_MS = 1000


class Console:
    """The whole console, from its window to its engine. Implements `actions.desk.Desk`.

    Attributes:
        store: what the console knows.
        window: the one window.
        stopping: set when the console shall end.
    """

    def __init__(self, app: QApplication) -> None:
        self._settings, self._damage = settings.load()
        apply_theme(app, self._settings.theme)
        self.stopping = asyncio.Event()
        self.store = Store()
        self.bridge = Bridge(self.store)
        self._vault = Vault()
        self.engine = EngineThread(
            self.bridge.deliver, settings.cache_folder(), LogKeyring(), self._vault
        )
        self.store.apply([ReadOnlyChanged(self._settings.read_only)])
        outbox = GuardedOutbox(self.engine, self.store)
        self.signing = SigningActions(self.store, outbox)
        self.identity = IdentityOfDesk(
            self._vault,
            self.store,
            outbox,
            self._chosen,
            self._take,
            self._spawn,
            self._on_key,
            self.lock,
        )
        self.approvals = Approvals(self.store, outbox, self._person)
        self.conversations = Conversations(self.store, outbox, self._person)
        self.halts = HaltActions(self.store, outbox, self._person)
        self.repairs = Repairs(self.store, outbox, self._person)
        self.audit = Audit(self.store, outbox, self._person)
        self._text = KeptText(self._vault, self.engine.keep_text, self._deliver)
        self._demo = DemoOfDesk(
            DemoProcess(self._deliver),
            lambda: self.store.demo.state,
            self.engine.submit,
            self._spawn,
            self._follow,
        )
        self.local_workers = LocalWorkersOfDesk(
            LocalWorkers(settings.home(), self._deliver, self._vault),
            self._demo,
            self.engine.submit,
            self._spawn,
        )
        self._url = self._trust = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._requests_changed = asyncio.Event()
        self._arrived = False
        self._surveyed = False
        self.window = self._make_window()
        self._tray = self._make_tray(app.windowIcon())
        self._absence = Absence(self.window, self._lock_seconds)
        self._absence.noticed.connect(self.lock)
        self.window.unlocked.connect(self._on_unlocked)
        self.notifications = Notifications(
            assets.icon_path("signoff.png"), self._tray, self._on_notification_opened, self._alert
        )
        self.bridge.changed.connect(self._on_changed)

    def _make_window(self) -> MainWindow:
        window = MainWindow(
            store=self.store,
            bridge=self.bridge,
            approvals=self.approvals,
            conversations=self.conversations,
            desk=self,
            now_ms=lambda: int(time.time() * 1000),
        )
        window.close_requested.connect(self.stopping.set)
        return window

    @property
    def settings(self) -> Settings:
        """See `Desk`."""
        return self._settings

    def start(self, url: str, *, demo: bool, diagnose: bool = False) -> None:
        """Start the engine, and follow what was asked for or was followed last.

        Args:
            url, demo, diagnose: see `run_console`.
        """
        self.engine.start()
        self.engine.only_read(wanted=self._settings.read_only)
        self.engine.post(TellOtherDesks(on=not (diagnose or self._settings.read_only)))
        self.identity.look_again()
        if self._settings.locked:
            self.window.lock("It was locked when it was closed.")
        if not diagnose:  # it starts nothing, and leaves alone what runs
            self.local_workers.only_read(wanted=self._settings.read_only)
            self.local_workers.open()
        self._spawn(self._tell_of_requests(), "notify")
        if self._damage is not None:
            self._notice(self._damage)
        self._spawn(self._begin(url, demo=demo), "begin")

    async def stop(self) -> None:
        """Stop everything, in the reverse order of its start."""
        # First: pages that are hidden tell the engine that nobody looks any more.
        self.window.hide()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._absence.close()
        await self.notifications.clear()
        # Workers first: they say goodbye to the demo's broker.
        await self.local_workers.close()
        await self._demo.close()
        self.engine.stop()
        self.bridge.close()
        if self._tray is not None:
            self._tray.hide()
        self.window.deleteLater()

    def connect(self, url: str, password: str) -> None:
        """See `Desk`."""
        bare, inside = split_password(url.strip())
        password = password or inside
        self._choose(broker_url=bare)
        if not password:
            # An empty field is no wish to forget the password that is kept.
            self._spawn(self._follow_kept(bare), "connect")
            return
        self._follow(join_password(bare, password))
        self._spawn(self._keep(bare, password), "keep password")

    def disconnect(self) -> None:
        """See `Desk`."""
        self._choose(broker_url="")
        self._follow("")

    def reconnect(self) -> None:
        """See `Desk`."""
        self._follow(self._url)

    def start_demo(self) -> None:
        """See `Desk`."""
        self._demo.start()

    def stop_demo(self) -> None:
        """See `Desk`."""
        self._demo.stop()

    def choose_theme(self, theme: Theme) -> None:
        """See `Desk`."""
        self._choose(theme=theme)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, theme)

    def introduce(self, name: str) -> None:
        """See `Desk`."""
        self._choose(reviewer_name=name.strip())

    def notify(self, *, wanted: bool) -> None:
        """See `Desk`."""
        self._choose(notify=wanted)

    def only_read(self, *, wanted: bool) -> None:
        """See `Desk`."""
        self._choose(read_only=wanted)
        self.store.apply([ReadOnlyChanged(wanted)])
        self.engine.only_read(wanted=wanted)
        self.engine.post(TellOtherDesks(on=not wanted))
        self.local_workers.only_read(wanted=wanted)

    def keep_text(self, *, wanted: bool) -> None:
        """See `Desk`."""
        self._spawn(self._keep_text(wanted=wanted), "keep text")

    def lock(self, why: str) -> None:
        """End the signing session, and unload what is on the screen.

        Args:
            why: what happened, for the person who comes back and for the audit log.
        """
        if not self.window.is_locked:
            self.signing.lock(why)
            self.window.lock(why)
            self._choose(locked=True)

    def _on_unlocked(self) -> None:
        self._choose(locked=False)
        if not self.signing.has_passphrase:
            person = self._person()
            entry = happened(AuditKind.SESSION_UNLOCKED, person=person.id, name=person.name)
            self.engine.post(Note(entry))

    def _lock_seconds(self) -> float:
        return self._settings.lock_minutes * 60.0

    def _deliver(self, fact: Fact) -> None:
        self.bridge.deliver([fact])

    def _person(self) -> Person:
        return self.identity.person

    def _chosen(self) -> Settings:
        return self._settings

    def _on_key(self, made: NewKey) -> None:
        hint = f"Give it to whoever administers the registry, and read them {made.key_id}."
        self.window.show_notice(f"The request is in {made.request}.", hint, Tone.OK)

    def _follow(self, url: str, trust: str = "") -> None:
        self._url, self._trust = url, trust
        self.identity.follow(Path(trust) if trust else None)
        self.engine.connect(url)
        self.local_workers.follow(url)

    def _choose(self, **news: Choice) -> None:
        self._take(settings.changed(self._settings, **news))

    def _take(self, chosen: Settings) -> None:
        self._settings = chosen
        try:
            settings.save(self._settings)
        except ConsoleError as error:
            self._notice(error)

    async def _begin(self, url: str, *, demo: bool) -> None:
        """Follow what was asked for, or what was followed last."""
        if self._settings.keep_text:
            # First, because what is remembered is read as soon as a broker is followed.
            await self._text.unlock()
        if self._url:
            return  # a person was quicker than the keyring
        if url:
            self._follow(url)
        elif demo:
            self.start_demo()
        elif self._settings.broker_url:
            await self._follow_kept(self._settings.broker_url)

    async def _keep_text(self, *, wanted: bool) -> None:
        if wanted and not await self._text.unlock():
            return
        self._choose(keep_text=wanted)
        if not wanted:
            await self._text.drop()

    async def _follow_kept(self, url: str) -> None:
        """Follow a broker with the password that is kept for it, if there is one."""
        password = ""
        try:
            password = await self._vault.password(url)
        except VaultUnavailable as error:
            self._notice(error)
        self._follow(join_password(url, password))

    async def _keep(self, address: str, password: str) -> None:
        try:
            await self._vault.keep(address, password)
        except VaultUnavailable as error:
            self._notice(error)

    def _on_changed(self, changes: Changes) -> None:
        memory = self.store.memory
        if changes.memory and memory.title:
            self.window.show_notice(memory.title, memory.hint, Tone.WARN)
        if changes.requests:
            self._arrived = self._arrived or bool(changes.arrived)
            self._requests_changed.set()
        if changes.link:
            done = self.store.survey.done
            if done and not self._surveyed:
                QTimer.singleShot(_LISTED_MS, give_back)
            self._surveyed = done

    async def _tell_of_requests(self) -> None:
        """Tell of what waits, one notification after the other; a burst becomes one."""
        while True:
            await self._requests_changed.wait()
            self._requests_changed.clear()
            arrived, self._arrived = self._arrived, False
            alert = alert_for(self.store.waiting_risks, in_front=self.window.isActiveWindow())
            if not self.store.open_count:
                await self.notifications.clear()
            elif arrived and alert is not None and self._settings.notify:
                await self._show(alert)

    async def _show(self, alert: Alert) -> None:
        await self.notifications.show(alert)

    def _alert(self, alert: Alert) -> None:
        self.window.show_notice(alert.title, alert.body, Tone.WARN)
        QApplication.alert(self.window)

    def _on_notification_opened(self) -> None:
        self.show_window()
        self.window.open_oldest_waiting()

    def show_window(self) -> None:
        """Bring the window to the front: only ever because a person asked for it."""
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()

    def _make_tray(self, icon: QIcon) -> QSystemTrayIcon | None:
        if not QSystemTrayIcon.isSystemTrayAvailable():
            return None
        tray = QSystemTrayIcon(icon, self.window)
        tray.activated.connect(self.show_window)
        tray.show()
        return tray

    def _spawn(self, work: Coroutine[object, object, None], name: str) -> None:
        task = asyncio.get_event_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, SignoffError):
            self._notice(error)
        elif error is not None:
            log.error("task.failed", task=task.get_name(), error=type(error).__name__)
            self.window.show_notice("Something went wrong.", str(error)[:300], Tone.DANGER)

    def _notice(self, error: SignoffError) -> None:
        self.window.show_notice(error.title, error.hint, Tone.DANGER)
