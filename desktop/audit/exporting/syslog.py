"""An entry as a syslog message (RFC 5424), framed for a connection (RFC 6587, 3.4.1; RFC 5425).

The only place that writes them. The message is the entry's OCSF event: in ASCII, on one line,
without anybody's data.
"""

from __future__ import annotations

import json
import re
from typing import Final

from desktop.audit.exporting.ocsf import event
from desktop.audit.log import Kept

#: Facility 13: log audit.
_FACILITY: Final = 13
#: Of OCSF's severities, from 0; what is more than informational is told as such.
_SEVERITIES: Final = (6, 6, 5, 4, 3)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_NOT_GRAPHIC: Final = re.compile(r"[^!-~]")
_HOST_CHARACTERS: Final = 255


def frame(kept: Kept) -> bytes:
    """An entry as a message, with its length before it.

    Raises:
        BadEntry: the entry says nothing.
    """
    told, entry = event(kept), kept.entry
    severity = told["severity_id"]
    priority = _FACILITY * 8 + _SEVERITIES[severity if isinstance(severity, int) else 0]
    at = entry.at if _TIME.fullmatch(entry.at) else "-"
    host = _NOT_GRAPHIC.sub("", entry.actor.device)[:_HOST_CHARACTERS] or "-"
    text = json.dumps(told, separators=(",", ":"))
    message = f"<{priority}>1 {at} {host} signoff - {entry.kind} - {text}".encode()
    return b"%d %b" % (len(message), message)
