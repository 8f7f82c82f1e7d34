"""When a worker process looks for garbage.

The only place of a worker that sets Python's collector. As it comes, it looks through all that a
process has imported again and again: with LangChain loaded that took a third of a busy worker's
time. What is there when serving begins stays for ever, so it is looked at no more; and a run makes
so many short-lived objects that looking at each 700th is far too often.
"""

from __future__ import annotations

import gc

#: Allocations between two looks at the youngest objects; tens of megabytes at the very most.
_YOUNG = 20_000


def spare_the_collector() -> None:
    """Leave alone what was loaded so far, and look less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)
