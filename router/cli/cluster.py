"""``case-router reprioritize --engine spark``: what the command hands to the cluster."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from router.errors import Problem, SettingsError

if TYPE_CHECKING:
    from router.bulk.run import Result
    from router.policy.model import Policy
    from router.spark.policy import PolicyText


def only_local(options: Mapping[str, object]) -> None:
    """Refuse the options that a cluster knows nothing of."""
    given = [option for option, value in options.items() if value is not None]
    if given:
        said = f"{', '.join(given)}: known to --engine local alone; leave it out"
        raise SettingsError([Problem("bad-value", said, field="engine")])


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


def run_on(master: str, **terms: Any) -> "Result":  # noqa: ANN401 - what a ClusterRun is made of
    """Decide a backlog on a cluster. Raises ``SettingsError`` if there is none."""
    from router.spark.session import needs_spark, spark_session

    needs_spark()
    from router.spark.run import ClusterRun, reprioritize

    with spark_session(master) as spark:
        return reprioritize(ClusterRun(**terms), spark)
