"""What the demo's gated tools really did, in a file that outlives the demo.

The only place that writes it: one JSON object for each call that had an effect, appended before
the tool returns, so that a test or a doubtful person can compare it with what was approved.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from workers.demo.chat import JSONObject

FILE_NAME = "effects.jsonl"


class Effects:
    """The file of effects in one folder.

    Attributes:
        path: of the file; it comes with the first effect.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / FILE_NAME
        self._lock = threading.Lock()  # tools run in threads

    def note(self, tool: str, tool_call_id: str, args: JSONObject, result: JSONObject) -> None:
        """Append an effect; a call that the bank or the clinic refused had none."""
        if "error" in result:
            return
        line = msgspec.json.encode(
            {
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "tool": tool,
                "tool_call_id": tool_call_id,
                "args": args,
                "result": result,
            }
        )
        with self._lock, self.path.open("ab") as file:
            file.write(line + b"\n")
