"""What a run is asked to do, and the frames in which its process tells what it does."""

from dataclasses import dataclass
from pathlib import Path

from router.policy.model import Policy

MESSAGE, PROGRESS, REFUSED, FAULT = b"m", b"p", b"r", b"f"
"""Kinds of frames: a response; one that tells progress; a ``google.rpc.Status``; the text of what the log is to tell."""
HEAD = 5
"""Bytes before a frame: its kind, and how long it is."""


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a backlog, below the roots, and where the queue goes."""

    cases: tuple[str, ...]
    events: tuple[str, ...]
    previous: Path | None
    out: Path


@dataclass(frozen=True, slots=True)
class Job:
    """A backlog, in files or as serialised requests of the upload, and how to decide it.

    ``snapshot`` is the folder of one content; ``budget`` is in minor units; ``memory`` in bytes (0: half of the machine's),
    of which the run gets one of ``share`` parts. ``log`` is the decision log that keeps the manifest, under
    ``asked_at``, the time by the clock.
    """

    backlog: Files | tuple[bytes, ...]
    policy: Policy
    snapshot: Path | None
    now: int
    budget: int | None
    with_accepted: bool
    memory: int = 0
    share: int = 1
    log: Path | None = None
    asked_at: int = 0


def frame(kind: bytes, body: bytes) -> bytes:
    r"""A frame as it is written.

    >>> frame(PROGRESS, b"half")
    b'p\x00\x00\x00\x04half'
    """
    return kind + len(body).to_bytes(HEAD - 1, "big") + body
