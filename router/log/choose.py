"""Some records of a log: by policy, tier, rule, customer, time and so on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars import col

from router.log.decisions import DECISIONS
from router.log.files import Torn, frames
from router.log.key import Key
from router.text import nfc


@dataclass(frozen=True, slots=True)
class Wanted:
    """What records have to be; what is empty is not asked for. Ids are found where they are hashed too, if the key is given.

    ``since`` and ``until`` are of ``decided_at``, the second not included.
    """

    policy: str = ""
    policy_version: str = ""
    tier: str = ""
    band: str = ""
    rule: str = ""
    case_id: str = ""
    customer_id: str = ""
    since: int | None = None
    until: int | None = None
    key: Key | None = None

    def test(self) -> pl.Expr:
        """The condition."""
        tests = [
            col(name) == value for name in ("policy", "policy_version", "tier", "band") if (value := getattr(self, name))
        ]
        tests += [
            col(name).is_in([form for text in {value, nfc(value)} for form in self._forms(text)])
            for name in ("case_id", "customer_id")
            if (value := getattr(self, name))
        ]
        if self.rule:
            tests.append(col("fired").list.contains(self.rule))
        if self.since is not None:
            tests.append(col("decided_at") >= self.since)
        if self.until is not None:
            tests.append(col("decided_at") < self.until)
        return pl.all_horizontal(tests) if tests else pl.lit(value=True)

    def _forms(self, text: str) -> list[str]:
        return [text, *([self.key.exact(text)] if self.key else [])]


def chosen(log: Path, wanted: Wanted, torn: Torn | None = None, columns: Sequence[str] = ()) -> Iterator[pl.DataFrame]:
    """The records that are wanted, file by file; all columns unless some are named. Raises :class:`LogError`."""
    test = wanted.test()
    for frame in frames(log, DECISIONS, torn):
        found = frame.filter(test)
        if found.height:
            yield found.select(columns) if columns else found
