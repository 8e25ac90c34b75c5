"""How much memory the C library may set aside for threads."""

import ctypes
import sys
from collections.abc import Mapping

ARENAS = 1
"""Python's own lock lets one thread at a time allocate: more would help nobody."""

_M_ARENA_MAX = -8
"""https://man7.org/linux/man-pages/man3/mallopt.3.html"""


def limit_arenas(environ: Mapping[str, str]) -> None:
    """Holds glibc to `ARENAS` arenas; call it before the first thread starts.

    It would give threads up to eight for each core. What a thread frees stays in the arena that it came from,
    and threads of others do not get it: with a thread for each connection to SQLite, 100 MB lay free there
    after five minutes of load, and grew. Whoever has set the allocator up in `environ` knows better; other
    C libraries have no arenas.
    """
    if sys.platform != "linux" or environ.keys() & {"MALLOC_ARENA_MAX", "GLIBC_TUNABLES"}:
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, ARENAS)
