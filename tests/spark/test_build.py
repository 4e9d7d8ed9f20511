"""A snapshot from a cluster is that of the local engine: id, files, warnings and sources, and what is refused."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import polars as pl
import pytest

from router.crm import build as local
from router.crm.manifest import Manifest
from router.crm.snapshot import Snapshot, verify
from router.errors import MappingError, RouterError, SnapshotError, TableError
from tests.crm.shop import AS_OF, TABLES, write_shop
from tests.spark.test_failures import executors, wait

pytestmark = pytest.mark.filterwarnings("ignore")  # Spark's own

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "data" / "retail"
"""All the shop's books where they are at hand, else some of them."""
CUSTOMERS = 20_000


def there(spark: Any, mapping: Path, home: Path, **options: Any) -> Manifest:
    """Built on a cluster."""
    from router.spark.build import Build, build

    return build(Build(mapping, home, AS_OF, **options), spark)


def same(spark: Any, mapping: Path, folder: Path, shards: int = 1) -> Snapshot:
    """What a cluster built, after a look that it is what is built here, to the byte, and that nothing else is left."""
    ours = there(spark, mapping, folder / "there", shards=shards)
    assert ours == local.build(mapping, folder / "here", AS_OF, shards=shards)
    found = Snapshot.open(folder / "there")
    verify(found)
    assert {file.name for file in (folder / "there").iterdir()} == {".lock", "current.json", ours.id}
    assert {file.name for file in found.path.iterdir()} == {"manifest.json", *(file.name for file in ours.files)}
    return found


@pytest.mark.parametrize(("suffix", "pieces", "shards"), [("parquet", 2, 3), ("csv", 1, 1)])
def test_a_shop_is_built_as_here(spark: Any, tmp_path: Path, suffix: str, pieces: int, shards: int) -> None:
    found = same(spark, write_shop(tmp_path / "shop", suffix, pieces=pieces), tmp_path, shards)
    assert found.customer("Zoe\u0308", AS_OF) is not None
    assert found.has_order("O4") is True


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Many customers, equal and negative spends among them, over files of three formats, some tables absent."""
    folder = tmp_path / "many"
    folder.mkdir()
    number = pl.int_range(CUSTOMERS * 3, dtype=pl.Int64)
    customer = (number * 7919 % (CUSTOMERS + 500)).cast(pl.String)
    known = pl.select(customer_id=pl.int_range(CUSTOMERS).cast(pl.String), owner=pl.lit(None, pl.String)).with_columns(
        owner=pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.format("ann{}", pl.int_range(pl.len()) % 5))
    )
    known.write_parquet(folder / "customers.parquet", row_group_size=3_000)
    orders = pl.select(
        order_id=pl.format("O{}", number),
        customer_id=pl.when(number % 50 > 0).then(customer),
        ordered_at=pl.lit(AS_OF // 1_000_000) - number * 900 + 86_400,
        amount=number * 31 % 40,
        returned_amount=pl.when(number % 7 == 0).then(number * 31 % 40 + number % 3),
    )
    for place, piece in enumerate(orders.iter_slices(25_000)):
        piece.write_csv(folder / f"orders{place}.csv")
    cases = pl.select(case_id=number, customer_id=customer, opened_at=pl.lit(AS_OF // 1_000_000) - number * 500)
    cases.head(30_000).write_ndjson(folder / "cases.ndjson")
    (folder / "mapping.yaml").write_text(
        "currency: GBP\nparse: {time: seconds}\ntables:\n  customers: {files: customers.parquet}\n"
        "  orders: {files: 'orders*.csv'}\n  cases: {files: cases.ndjson}\n",
        encoding="utf-8",
    )
    return folder / "mapping.yaml"


def test_many_customers_are_built_as_here(spark: Any, many: Path, tmp_path: Path) -> None:
    found = same(spark, many, tmp_path, shards=7)
    assert (found.rows, found.shards) == (CUSTOMERS, 7)
    assert len(found.manifest.warnings) > 1


def test_the_books_of_a_real_shop_are_built_as_here(spark: Any, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "demo", tmp_path / "demo")
    if REAL.exists():
        shutil.copytree(REAL, tmp_path / "demo" / "data", dirs_exist_ok=True)
    found = same(spark, tmp_path / "demo" / "mapping.yaml", tmp_path, shards=4)
    assert found.rows > 300


def test_customers_alone_and_nobody_at_all_are_built_as_here(spark: Any, tmp_path: Path) -> None:
    same(spark, write_shop(tmp_path / "none", "parquet", tables={name: [] for name in TABLES}), tmp_path / "a", shards=2)
    (tmp_path / "customers.csv").write_text("customer_id\nC1\n", encoding="utf-8")
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("{currency: JPY, tables: {customers: {files: customers.csv}}}", encoding="utf-8")
    same(spark, mapping, tmp_path / "b")


def refused(build: Callable[[], object]) -> str:
    with pytest.raises(RouterError) as caught:
        build()
    assert isinstance(caught.value, MappingError)
    return str(caught.value)


def _times(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**rows[0], "order_id": f"X{n}", "ordered_at": "soon" if n % 2 else "2016-01-01"} for n in range(60)]


def _twice(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**rows[0], "order_id": f"X{n % 30}", "ordered_at": f"20{15 + n % 5}-01-01"} for n in range(60)]


@pytest.mark.parametrize("change", [_times, _twice])
def test_what_is_wrong_is_told_as_here(
    spark: Any, tmp_path: Path, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
) -> None:
    again = [*TABLES["customers"], TABLES["customers"][0]] if change is _twice else TABLES["customers"]
    tables = TABLES | {"orders": change(TABLES["orders"]), "customers": again}
    mapping = write_shop(tmp_path / "shop", pieces=3, tables=tables)
    assert refused(lambda: there(spark, mapping, tmp_path / "home")) == refused(
        lambda: local.build(mapping, tmp_path / "home", AS_OF)
    )
    assert not (tmp_path / "home").exists()


def test_another_version_on_an_executor_is_refused(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.spark.work.version", lambda _: "9.9.9")
    with pytest.raises(TableError, match=r"an executor has case-router 0\.1\.0, and the driver 9\.9\.9.*\[other-version\]"):
        there(spark, write_shop(tmp_path / "shop"), tmp_path / "home")


def test_a_build_that_fails_leaves_the_one_before(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from router.spark.facts import Write

    mapping = write_shop(tmp_path / "shop")
    before = local.build(mapping, tmp_path / "home", AS_OF - 1)

    def broken(folder: Path, _: pl.Schema, *rest: Any) -> Any:
        return Write(folder, pl.Schema({"customer_id": pl.Int64()}), *rest)

    monkeypatch.setattr("router.spark.build.Write", broken)
    with pytest.raises(SnapshotError, match=r"cannot be written: Spark says: .*; the one before stays current"):
        there(spark, mapping, tmp_path / "home")
    assert Snapshot.open(tmp_path / "home").id == before.id
    assert {file.name for file in (tmp_path / "home").iterdir()} == {".lock", "current.json", before.id}


def test_an_executor_that_is_killed_while_files_are_written_changes_nothing(spark: Any, many: Path, tmp_path: Path) -> None:
    killed: list[int] = []

    def kill() -> None:
        wait(lambda: list((tmp_path / "there" / ".building").glob("*.arrow")))
        killed.append(executors(os.getpid())[0])
        os.kill(killed[0], signal.SIGKILL)

    thread = Thread(target=kill)
    thread.start()
    same(spark, many, tmp_path, shards=64)
    thread.join()
    assert killed
