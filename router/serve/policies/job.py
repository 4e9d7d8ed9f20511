"""What the process of a call is asked to do."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PolicyJob:
    """A call by its name and its serialised request, the folder of the policies, that of the log, and the time."""

    call: str
    request: bytes
    root: Path
    log: Path | None
    now: int
