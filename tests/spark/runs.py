"""The same backlog decided here and on a cluster."""

from pathlib import Path
from typing import Any

import polars as pl

from router.bulk import run as local
from router.bulk.engine import Run
from router.bulk.manifest import manifest_of
from router.bulk.run import Result
from router.cli.cluster import policy_text
from router.cli.reprioritize import customers_of
from router.policy.store import read_policy
from tests.bulk.backlog import NOW, RETAIL_FILE, example, write


def files(folder: Path, suffix: str = "parquet") -> tuple[Path, Path]:
    """The example, as Parquet unless said."""
    return tuple(write(example(name), folder / f"{name}.{suffix}") for name in ("cases", "events"))  # type: ignore[return-value] # two names


def run_of(
    out: Path, cases: list[str], events: list[str], *, snapshot: Path | None = None, **options: Any
) -> tuple[Run, Path]:
    """A run, with the file of its policy."""
    file = Path(options.pop("policy", RETAIL_FILE))
    policy, now = read_policy(file), options.pop("now", NOW)
    return Run(cases, events, policy, customers_of(snapshot, policy), now, out, **options), file


def here(out: Path, cases: list[str], events: list[str], **options: Any) -> Result:
    """A backlog put in order by the local engine."""
    return local.reprioritize(run_of(out, cases, events, **options)[0])


def there(
    spark: Any, out: Path | str, cases: list[str], events: list[str], *, snapshot: Path | str = "", **options: Any
) -> Result:
    """The same, on a cluster."""
    from router.spark.run import reprioritize

    run, file = run_of(Path(out), cases, events, **options)
    return reprioritize(run, spark, policy_text(str(file), Path(), run.policy), str(snapshot), str(out))


def same(spark: Any, folder: Path, cases: list[str], events: list[str], **options: Any) -> pl.DataFrame:
    """The queue, after a look that both say the same, to the byte: the file, its manifest, and what it adds up to."""
    (folder / "here").mkdir(exist_ok=True)
    wanted = here(folder / "here" / "queue.parquet", cases, events, **{k: v for k, v in options.items() if k != "parts"})
    found = there(spark, folder / "queue.parquet", cases, events, **options)
    assert found.out.read_bytes() == wanted.out.read_bytes()
    assert manifest_of(found.out).read_text() == manifest_of(wanted.out).read_text().replace(f"{folder}/here/", f"{folder}/")
    assert found.summary.data() == wanted.summary.data()
    assert found.funding == wanted.funding
    assert not list(folder.glob(".*"))
    return pl.read_parquet(found.out)
