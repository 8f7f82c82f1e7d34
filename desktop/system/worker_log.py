"""What a local worker says: written to a file of its own, read from there, the newest lines kept.

The only place of the console that bounds the file; a worker that goes on without it does so itself
(`workers.operations.output`). A file and no pipe: a worker never waits for a console that is
slow, and goes on when the console ends. Lines are kept as they came; making them safe to show is
the renderer's work.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from desktop.system.log_ring import MAX_LINE, LogRing, line_of

#: Read at one look; of more than that only the end.
MAX_READ = 1024 * 1024
#: A file that has grown so long is begun anew, once it has been read.
MAX_FILE = 8 * 1024 * 1024
#: What goes on without a console begins it anew itself, later: as long as one looks, it is first.
MAX_FILE_ALONE = 4 * MAX_FILE
#: Of what an earlier console has left.
_OLD = 256 * 1024


class WorkerLog(LogRing):
    """The log of one worker."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._at = max(0, self._size() - _OLD)
        self._rest = b""
        self._dropping = self._at > 0

    def open_for_writing(self) -> int:
        """A descriptor that a process may write to, whatever happens to this console.

        Raises:
            OSError: the file cannot be made.
        """
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, event: str, level: str = "info") -> None:
        """Write a line of the console's own, as workers write theirs; best effort."""
        at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        line = msgspec.json.encode({"event": event, "level": level, "timestamp": at}) + b"\n"
        try:
            descriptor = self.open_for_writing()
        except OSError:
            self.add([line.decode()])
            return
        with open(descriptor, "ab") as file:  # noqa: PTH123 - a descriptor
            file.write(line)

    def look(self, *, whole: bool = False, never_miss: str = "") -> list[str]:
        """Take in what was written since the last look. Returns the new lines.

        Args:
            whole: nobody writes any more, so that what has no line's end yet is a line.
            never_miss: lines that begin so are taken in however much there is at once.
        """
        size = self._size()
        if size < self._at:  # somebody emptied it
            self._at, self._rest = 0, b""
        skipped = max(0, size - self._at - MAX_READ)
        lines = [f"… {skipped:,} bytes are not shown: too much at once"] if skipped else []
        if skipped and never_miss:
            lines = [*self._found_in(skipped, never_miss), *lines]
        elif skipped:
            self._at, self._rest, self._dropping = self._at + skipped, b"", True
        lines += self._split(self._read(size - self._at))
        if whole and self._rest:
            lines.append(line_of(self._rest))
            self._rest = b""
        if size > MAX_FILE and self._at >= size and self._empty():
            lines.append("… the log had become too long, and its file was begun anew")
        self.add(lines)
        return lines

    def remove(self) -> None:
        """Delete the file; nobody writes to it any more."""
        self._path.unlink(missing_ok=True)

    def _split(self, content: bytes) -> list[str]:
        *whole, rest = (self._rest + content).split(b"\n")
        if self._dropping and whole:  # its beginning was not read
            del whole[0]
            self._dropping = False
        self._rest = rest[: 2 * MAX_LINE]  # nobody reads a line of megabytes
        return [line_of(line) for line in whole]

    def _found_in(self, length: int, wanted: str) -> list[str]:
        """Pass over so many bytes, but for lines that begin in a way."""
        found: list[str] = []
        while length > 0 and (content := self._read(min(length, MAX_READ))):
            length -= len(content)
            found += [line for line in self._split(content) if line.startswith(wanted)]
        return found

    def _read(self, length: int) -> bytes:
        if length <= 0:
            return b""
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                content = file.read(length)
        except OSError:
            return b""
        self._at += len(content)
        return content

    def _empty(self) -> bool:
        try:
            os.truncate(self._path, 0)
        except OSError:
            return False
        self._at = 0
        return True

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except OSError:
            return 0
