"""When the collector of cycles comes: never in the middle of a call, if it can be helped."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_TURN = 0.0005
"""Seconds for which a thread that works aside may keep the interpreter while calls wait for it."""


def settle() -> None:
    """Keep the collector away from what stays for good, and let it come seldom: a call leaves no cycles behind."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@contextmanager
def aside() -> Iterator[None]:
    """For a thread that makes what will stay, while calls go on: they get the interpreter back at once, and the collector
    goes once through what was made, not again and again through what is half made."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    gc.disable()
    try:
        yield
    finally:
        gc.collect(0)
        gc.freeze()
        gc.enable()
        sys.setswitchinterval(before)
