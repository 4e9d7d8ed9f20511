"""The same backlog decided here and on a cluster."""

from pathlib import Path
from typing import Any

import polars as pl

from router.bulk import run as local
from router.bulk.run import Result
from router.cli.cluster import policy_text
from router.cli.reprioritize import customers_of
from router.policy.model import Policy
from router.policy.store import read_policy
from tests.bulk.backlog import NOW, RETAIL_FILE, example, write


def files(folder: Path) -> tuple[Path, Path]:
    """The example as Parquet."""
    return tuple(write(example(name), folder / f"{name}.parquet") for name in ("cases", "events"))  # type: ignore[return-value] # two names


def here(out: Path, cases: list[str], events: list[str], **options: Any) -> Result:
    """A backlog put in order by the local engine."""
    policy = read_policy(Path(options.pop("policy", RETAIL_FILE)))
    now, snapshot = options.pop("now", NOW), options.pop("snapshot", None)
    return local.reprioritize(local.Run(cases, events, policy, customers_of(snapshot, policy), now, out, **options))


def there(spark: Any, out: Path, cases: list[str], events: list[str], **options: Any) -> Result:
    """The same, on a cluster."""
    from router.spark.run import ClusterRun, reprioritize

    file = str(options.pop("policy", RETAIL_FILE))
    policy: Policy = read_policy(Path(file))
    text = policy_text(file, Path(), policy)
    now, snapshot = options.pop("now", NOW), options.pop("snapshot", None)
    return reprioritize(ClusterRun(cases, events, policy, text, snapshot, now, str(out), **options), spark)


def read(result: Result) -> pl.DataFrame:
    """A queue, be it a file or a folder of them."""
    return pl.read_parquet(result.out / "*.parquet" if result.out.is_dir() else result.out)


def same(spark: Any, folder: Path, cases: list[str], events: list[str], **options: Any) -> pl.DataFrame:
    """The queue, after a look that both say the same: rows, order, types, what they add up to, and what went in."""
    ours = there(spark, folder / "there.parquet", cases, events, **options)
    wanted = here(folder / "here.parquet", cases, events, **{k: v for k, v in options.items() if k != "groups"})
    found, expected = read(ours), read(wanted)
    assert found.schema == expected.schema
    assert found.equals(expected)
    assert ours.summary.data() == wanted.summary.data()
    for part in ("now", "policy", "snapshot", "options", "engine", "schema"):
        assert ours.manifest[part] == wanted.manifest[part]
    for name, table in wanted.manifest["tables"].items():
        assert ours.manifest["tables"][name]["rows"] == table["rows"]
        digests = [sorted(each["sha256"] for each in m["files"]) for m in (ours.manifest["tables"][name], table)]
        assert digests[0] == digests[1]
    assert ours.manifest["output"]["columns"] == wanted.manifest["output"]["columns"]
    return found
