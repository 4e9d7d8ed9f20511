"""case-router snapshot."""

import json
import re
from pathlib import Path

import pytest

from router.cli.common import instant
from router.time import parse_instant
from tests.cli.running import OF_SHOP, Run

CUSTOMERS = "customer_id,customer_since\nann,2010-01-01\nbob,\n"
ORDERS = "order_id,customer_id,ordered_at,amount\no1,ann,2016-01-01T10:00:00Z,20.50\n"
MAPPING = """\
currency: GBP
tables:
  customers: {files: customers.csv}
  orders: {files: orders.csv}
"""


@pytest.fixture
def crm(tmp_path: Path) -> Path:
    folder = tmp_path / "crm"
    folder.mkdir()
    (folder / "customers.csv").write_text(CUSTOMERS)
    (folder / "orders.csv").write_text(ORDERS)
    (folder / "mapping.yaml").write_text(MAPPING)
    return folder


def test_a_snapshot_is_built_shown_and_looked_into(run: Run, crm: Path, tmp_path: Path) -> None:
    out = tmp_path / "snapshot"
    ran = run("snapshot", "build", "--mapping", crm / "mapping.yaml", "--out", out, "--as-of", "2016-06-01T00:00:00Z")
    assert ran.code == 0, ran.err
    assert "2 customers" in ran.out
    assert json.loads(run("snapshot", "show", out, "--json").out)["as_of"] == "2016-06-01T00:00:00Z"
    assert "2016-06-01T00:00:00Z" in run("snapshot", "show", out).out
    known = json.loads(run("snapshot", "customer", out, "ann", "--now", "2016-06-02T00:00:00Z", "--json").out)["facts"]
    assert (known["customer.orders"], known["customer.spend"]) == (1, 20.5)
    assert known["customer.days_since_last_order"] == pytest.approx(152.58, abs=0.01)
    shown = run("snapshot", "customer", out, "ann", "--now", "2016-06-02").out
    assert re.search(r"customer.spend +│ 20.50 ", shown)
    ran = run("snapshot", "customer", out, "eve")
    assert ran.code == 1
    assert "customer eve is not in snapshot" in ran.err
    file = tmp_path / "case.yaml"
    file.write_text("opened_at: 2016-06-01\ncustomer_id: ann\norder_id: o1\n")
    decision = json.loads(run("route", file, *OF_SHOP, "--snapshot", out, "--json").out)
    assert decision["tier"]["name"] == "gold"
    assert decision["provenance"]["as_of"] == "2016-06-01T00:00:00Z"
    file.write_text(file.read_text() + "customer: {tenure_years: 1}\n")
    assert "leave them out, or --snapshot" in run("route", file, *OF_SHOP, "--snapshot", out).err


def test_a_snapshot_in_shards_is_shown_and_looked_into(run: Run, crm: Path, tmp_path: Path) -> None:
    build = ("snapshot", "build", "--mapping", crm / "mapping.yaml", "--as-of", "2016-06-01T00:00:00Z")
    one = json.loads(run(*build, "--out", tmp_path / "one", "--json").out)
    ran = run(*build, "--out", tmp_path / "four", "--shards", 4)
    assert (ran.code, ran.out) == (0, f"snapshot {one['id']} of 2 customers in 4 shards is current in {tmp_path / 'four'}\n")
    shown = json.loads(run("snapshot", "show", tmp_path / "four", "--json").out)
    assert (shown["id"], shown["content"], shown["shards"]) == (one["id"], one["content"], 4)
    assert sum(file["rows"] for file in shown["files"]) == 3
    said = run("snapshot", "show", tmp_path / "four").out
    assert all(
        f"{file['name']}" in said and f"{file['rows']} rows, {file['bytes']:,} bytes" in said for file in shown["files"]
    )
    assert run("snapshot", "customer", tmp_path / "four", "ann", "--json").code == 0
    assert "equal to 1024" in run(*build, "--out", tmp_path / "many", "--shards", 1025).err


def test_without_spark_or_java_a_build_on_a_cluster_is_refused(
    run: Run, crm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.spark.session.missing", lambda: "there is no java on the path; install Java 17")
    ran = run("snapshot", "build", "--mapping", crm / "mapping.yaml", "--out", tmp_path / "out", "--engine", "spark")
    assert (ran.code, ran.err) == (2, "there is no java on the path; install Java 17 [no-spark]\n")
    assert not (tmp_path / "out").exists()


def test_a_wrong_mapping_or_snapshot_is_told(run: Run, crm: Path, tmp_path: Path) -> None:
    (crm / "orders.csv").unlink()
    ran = run("snapshot", "build", "--mapping", crm / "mapping.yaml", "--out", tmp_path / "snapshot")
    assert (ran.code, ran.out) == (1, "")
    assert "orders.csv" in ran.err
    assert run("snapshot", "show", tmp_path).code == 1


def test_a_time_on_the_command_line_is_utc() -> None:
    assert instant("2016-06-01", "--now") == parse_instant("2016-06-01T00:00:00Z")
