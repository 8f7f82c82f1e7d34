"""Memory that is free and still held goes back to the system.

The only place that speaks to the allocator. Reading a broker's hundred thousand conversations takes
tables that are gone afterwards; glibc keeps such room for what may come. Other allocators give it
back by themselves.
"""

from __future__ import annotations

import ctypes
import sys

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_trim = getattr(_libc, "malloc_trim", None)


def give_back() -> None:
    """Give back what the process holds and does not use. Lets other threads go on meanwhile."""
    if _trim is not None:
        _trim(ctypes.c_size_t(0))
