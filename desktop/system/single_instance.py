"""One console per person and home: a second start shows the window of the first.

The only place that knows about other instances.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer, QLocalSocket

CONNECT_MILLISECONDS = 500


class SingleInstance(QObject):
    """Holds the place of the one console of a home directory."""

    def __init__(self, home: Path, on_asked: Callable[[], None]) -> None:
        super().__init__()
        digest = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]
        self._name = f"signoff-{digest}"
        self._on_asked = on_asked
        self._server = QLocalServer(self)
        # Nobody else on this machine may raise our window.
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_new_connection)

    def claim(self) -> bool:
        """Take the place. Returns False when another console has it; that one was asked to show."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if socket.waitForConnected(CONNECT_MILLISECONDS):
            socket.disconnectFromServer()
            return False
        # What a crashed console left behind would refuse us.
        QLocalServer.removeServer(self._name)
        return self._server.listen(self._name)

    def release(self) -> None:
        """Give the place back."""
        self._server.close()

    def _on_new_connection(self) -> None:
        socket = self._server.nextPendingConnection()
        if socket is not None:
            socket.disconnected.connect(socket.deleteLater)
        self._on_asked()
