"""Whether a process of before is still the same one: its id alone may belong to another by now.

The only place that asks the operating system when a process began.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def began(pid: int) -> str:
    """When a process began, as this system puts it; empty when it has ended.

    Two looks at one process give the same text, and a look at another one of the same id, also
    after the computer was started anew, gives another.
    """
    if pid <= 0:
        return ""
    if sys.platform == "win32":
        return _began_windows(pid)
    elif sys.platform == "linux":  # noqa: RET505 - a type checker looks at one branch only
        return _began_linux(pid)
    else:
        return _began_unix(pid)


def _began_linux(pid: int) -> str:
    try:
        # pid (name) state parent ...; the name may hold spaces and brackets
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""
    state, ticks = fields[0], fields[19]
    return "" if state in "ZX" else f"{boot}:{ticks}"


def _began_unix(pid: int) -> str:
    found = subprocess.run(  # the same answer on each BSD
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C"},
    )
    state, _, moment = found.stdout.strip().partition(" ")
    return "" if not moment or state.startswith("Z") else moment.strip()


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    def _began_windows(pid: int) -> str:
        query_limited, still_active = 0x1000, 259
        kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel32.OpenProcess.restype = wintypes.HANDLE
        handle = kernel32.OpenProcess(query_limited, 0, pid)
        if not handle:
            return ""
        try:
            code = wintypes.DWORD()
            times = [wintypes.FILETIME() for _ in range(4)]
            kernel32.GetExitCodeProcess(wintypes.HANDLE(handle), ctypes.byref(code))
            kernel32.GetProcessTimes(wintypes.HANDLE(handle), *map(ctypes.byref, times))
        finally:
            kernel32.CloseHandle(wintypes.HANDLE(handle))
        moment = (times[0].dwHighDateTime << 32) | times[0].dwLowDateTime
        return str(moment) if code.value == still_active else ""
