"""The last decisions of a log, and those that come."""

from dataclasses import dataclass, field
from heapq import nlargest
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson

from router.log import files
from router.log.decisions import DECISIONS
from router.log.layout import FULL
from router.log.writer import SUFFIX

_NOT_BASIC: dict[str, Any] = dict.fromkeys(FULL)
"""What a line of a basic decision has not."""


@dataclass(slots=True)
class Tail:
    """Follows the files that grow, each from where it was read to; a last line that was cut off is told in ``torn``."""

    log: Path
    torn: files.Torn = field(default_factory=files.Torn)
    _read: dict[Path, int] = field(default_factory=dict)

    def last(self, most: int) -> list[dict[str, Any]]:
        """The last decisions there are, oldest first. Raises :class:`LogError`."""
        found: list[dict[str, Any]] = []
        for date in reversed(files.dates(self.log, DECISIONS)):
            for path in files.current(self.log, date):
                if path.suffix == SUFFIX:
                    found += self._more(path)
                elif len(found) < most:
                    with path.open("rb") as file:
                        found += files.read_frame(path, file, DECISIONS).tail(most).to_dicts()
            if len(found) >= most:
                break
        for date in files.dates(self.log, DECISIONS):  # what is older is not news
            for path in date.glob(f"*{SUFFIX}"):
                self._read.setdefault(path, path.stat().st_size)
        return nlargest(most, found, itemgetter("decided_at"))[::-1]

    def new(self) -> list[dict[str, Any]]:
        """Decisions that came since, oldest first."""
        paths = (path for date in files.dates(self.log, DECISIONS) for path in date.glob(f"*{SUFFIX}"))
        return sorted((row for path in paths for row in self._more(path)), key=itemgetter("decided_at"))

    def _more(self, path: Path) -> list[dict[str, Any]]:
        """The whole lines after what was read."""
        try:
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                data = file.read()
                end = data.rfind(b"\n") + 1
                if end < len(data) and path not in self.torn.files and not files.growing_file(file):
                    self.torn.files.append(path)
        except FileNotFoundError:  # compacted meanwhile
            return []
        self._read[path] = self._read.get(path, 0) + end
        try:
            return [_NOT_BASIC | orjson.loads(line) for line in data[:end].splitlines()]
        except (ValueError, TypeError) as error:
            raise files.damaged(path, f"a line cannot be read: {error}") from error
