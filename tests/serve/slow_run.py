"""The process of a run that begins and never ends, as a command."""

import time

from router.frame.decide import FrameDecider
from router.serve.backlog import child


def never(*_: object, **__: object) -> None:
    """Decide nothing, for a day."""
    time.sleep(24 * 60 * 60)


if __name__ == "__main__":
    setattr(FrameDecider, "decide", never)  # noqa: B010 - another function in its place
    child.main()
