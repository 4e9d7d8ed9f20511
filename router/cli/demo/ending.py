"""Being told to stop: a signal ends the command as an exception does, so that files and processes go with it."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Ending:
    """What a signal does while it is in force: it ends the command at once, or once it is no longer held."""

    def __init__(self) -> None:
        self._came = 0
        self._held = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """As a handler is called."""
        del frame
        self._came = number
        self._leave()

    @contextmanager
    def held(self) -> Iterator[None]:
        """A stretch that a signal may not cut in two, such as starting a process and keeping hold of it."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        self._leave()

    def _leave(self) -> None:
        if self._came and not self._held:
            sys.exit(128 + self._came)


@contextmanager
def ended_by(*numbers: signal.Signals) -> Iterator[Ending]:
    """Put it in force for signals; one that is ignored stays so."""
    ending = Ending()
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, ending)
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
