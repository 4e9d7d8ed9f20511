"""``--engine spark``: what commands hand to the cluster."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from router.bulk.engine import Run
    from router.bulk.run import Result
    from router.crm.manifest import Manifest
    from router.policy.model import Policy
    from router.spark.policy import PolicyText


def policy_text(name: str, root: Path, policy: "Policy") -> "PolicyText":
    """The text of a policy that was named so, with the public holidays that it was compiled with."""
    from router.policy.compile import holidays_of
    from router.policy.releases import recorded_holidays
    from router.policy.store import read_text
    from router.spark.policy import PolicyText

    file = Path(name) if Path(name).is_file() else root / name / f"{policy.version}.yaml"
    text = read_text(file)
    recorded = recorded_holidays(file.parent, file.stem)
    closed = holidays_of(text, file.name) if recorded is None else recorded
    return PolicyText(file.name, text, tuple(day.isoformat() for day in sorted(closed)), policy.digest)


def reprioritize_on(master: str, run: "Run", text: "PolicyText", snapshot: str, out: str) -> "Result":
    """Put a backlog in order on a cluster; ``snapshot`` and ``out`` may be addresses that Spark knows.

    Raises ``SettingsError`` if there is none.
    """
    from router.spark.session import needs_spark, spark_session

    needs_spark()
    from router.spark.run import reprioritize

    with spark_session(master) as spark:
        return reprioritize(run, spark, text, snapshot, out)


def build_on(master: str, mapping: Path, out: Path, as_of: int, *, shards: int, keep: int) -> "Manifest":
    """Build a snapshot on a cluster. Raises ``SettingsError`` if there is none."""
    from router.spark.session import needs_spark, spark_session

    needs_spark()
    from router.spark.build import Build, build

    with spark_session(master) as spark:
        return build(Build(mapping, out, as_of, shards, keep), spark)
