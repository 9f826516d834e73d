"""What a process does with memory that it frees.

Nothing here imports torch: it has to be said before there is much to free.
"""

import ctypes
import os
import sys

# malloc.h of the GNU C library: what mallopt calls its limits; see mallopt(3)
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT = 2**30  # bytes of free memory at the end of the heap
_OUTSIDE = 2**25  # bytes of the smallest block outside the heap: the most that the library itself chooses
_WAYS_TO_SAY = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_")


def keep_freed_memory() -> None:
    """Let memory that is freed stay with this process for what it needs next, unless the user says otherwise.

    A step frees what the next one needs again. By default the GNU C library gives it back to the system in
    between, and each page comes back as a fault: 5,000 in a compiled step of `particle` in bfloat16, a sixth
    of its time. A process holds some 50 MB more at its peak, because less lies outside the heap, which
    can't close its gaps. For commands, whose process is their own; with other C libraries nothing changes.
    """
    tunables = os.environ.get("GLIBC_TUNABLES", "")
    is_said = any(way in os.environ for way in _WAYS_TO_SAY) or "glibc.malloc." in tunables
    if is_said or sys.platform != "linux":
        return
    change = getattr(ctypes.CDLL(None), "mallopt", None)
    if change is not None:
        change(_TRIM_THRESHOLD, _KEPT)
        change(_MMAP_THRESHOLD, _OUTSIDE)
