"""The process of a run that begins and never ends, as a command."""

import time

from router.bulk import local
from router.serve.backlog import child


class Never:
    """Decides nothing, for a day."""

    def __init__(self, *_: object) -> None:
        pass

    def decide(self, *_: object) -> object:
        time.sleep(24 * 60 * 60)
        return None


if __name__ == "__main__":
    setattr(local, "FrameDecider", Never)  # noqa: B010 - another type in its place
    child.main()
