"""A snapshot in shards: the same content, the same answers, and each file refused by its name."""

import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.crm.build import build
from router.crm.data import hashes
from router.crm.publish import Content, publish
from router.crm.shards import BUCKETS, CUSTOMERS, ORDERS, first_hash, shard_of
from router.crm.snapshot import Snapshot, verify
from router.errors import OtherShardError, SnapshotError
from tests.crm.shop import AS_OF, write_shop

IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).map(
    lambda text: str(pl.Series([text]).str.normalize("NFC")[0])
)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_the_hash_of_a_column_is_that_of_each_text(texts: list[str]) -> None:
    assert hashes(pl.Series(texts, dtype=pl.String)).to_list() == [crc32(text.encode()) for text in texts]


@given(IDS, st.integers(1, BUCKETS))
def test_a_shard_is_a_range_of_hashes(customer: str, shards: int) -> None:
    shard = shard_of(customer, shards)
    assert first_hash(shard, shards) <= crc32(customer.encode()) < first_hash(shard + 1, shards)
    assert (first_hash(0, shards), first_hash(shards, shards)) == (0, 1 << 32)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_the_content_and_every_answer_are_the_same_however_it_is_cut(data: st.DataObject) -> None:
    ids = data.draw(st.lists(IDS, unique=True, max_size=30))
    orders = data.draw(st.none() | st.lists(IDS, unique=True, max_size=30))
    plans = data.draw(st.lists(st.none() | st.text("ab", max_size=3), min_size=len(ids), max_size=len(ids)))
    frame = pl.DataFrame(
        {"customer_id": ids, "customer.orders": range(len(ids)), "customer.plan": plans, "customer.subscribed": True},
        schema_overrides={"customer_id": pl.String, "customer.orders": pl.Float64, "customer.plan": pl.String},
    )
    content = Content(AS_OF, "GBP", frame, None if orders is None else pl.Series(orders, dtype=pl.String))
    asked = [*ids, *(orders or ()), "nobody", ""]
    found = []
    for shards in (1, 2, 3, 7, 16, BUCKETS // 8):
        with TemporaryDirectory() as folder:
            manifest = publish(content, Path(folder), shards=shards)
            snapshot = Snapshot.open(Path(folder))
            verify(snapshot)
            answers = [(repr(snapshot.customer(each, AS_OF)), snapshot.has_order(each)) for each in asked]
            found.append((manifest.id, manifest.content, manifest.rows, manifest.orders, answers))
            assert len(snapshot.files(CUSTOMERS)) == manifest.shards == shards
    assert all(each == found[0] for each in found[1:])


def test_ids_of_one_hash_are_all_found(tmp_path: Path) -> None:
    """Two words of one CRC-32 make five hundred: more than stand between two hashes that are kept."""
    ids = ["".join(words) for words in product(("plumless", "buckeroo"), repeat=9)]
    assert len(set(map(crc32, map(str.encode, ids)))) == 1
    others = [f"C{n}" for n in range(1000)]
    frame = pl.DataFrame({"customer_id": [*ids, *others], "customer.orders": [float(n) for n in range(1512)]})
    publish(Content(AS_OF, "GBP", frame), tmp_path, shards=3)
    snapshot = Snapshot.open(tmp_path)
    place = [fact.name for fact in snapshot.layout].index("customer.orders")
    rows = [snapshot.customer(each, AS_OF) for each in (*ids, *others)]
    assert [row[place] for row in rows if row is not None] == [float(n) for n in range(1512)]
    assert snapshot.customer("plumless" * 10, AS_OF) is None


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    build(write_shop(folder / "shop"), folder / "home", AS_OF, shards=4)
    return folder


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    shutil.copytree(built / "home", tmp_path / "home")
    return tmp_path / "home"


def test_the_files_of_a_build_in_shards(home: Path) -> None:
    snapshot = Snapshot.open(home)
    names = [f"{table}-000{n}-of-0004.arrow" for table in (CUSTOMERS, ORDERS) for n in range(4)]
    assert sorted(file.name for file in snapshot.path.iterdir()) == sorted([*names, "manifest.json"])
    assert [entry.name for entry in snapshot.manifest.files] == names
    assert (snapshot.manifest.rows, snapshot.manifest.orders) == (3, 5)


def test_cut_anew_the_same_content_stands_in_the_same_folder(home: Path, built: Path) -> None:
    before = Snapshot.open(home)
    build(built / "shop" / "mapping.yaml", home, AS_OF, shards=1)
    after = Snapshot.open(home)
    assert (after.id, after.path, after.shards) == (before.id, before.path, 1)
    assert sorted(file.name for file in after.path.iterdir()) == ["customers.arrow", "manifest.json", "orders.arrow"]
    verify(after)
    assert repr(before.customer("C1", AS_OF)) == repr(after.customer("C1", AS_OF))


def _gone(file: Path) -> None:
    file.unlink()


def _short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def _other(file: Path) -> None:
    shutil.copy(file.with_name(file.name.replace("-0002-", "-0001-")), file)


@pytest.mark.parametrize("table", [CUSTOMERS, ORDERS])
@pytest.mark.parametrize("harm", [_gone, _short])
def test_a_shard_that_is_not_whole_is_refused_by_its_name(home: Path, table: str, harm: Callable[[Path], None]) -> None:
    file = Snapshot.open(home).path / f"{table}-0002-of-0004.arrow"
    harm(file)
    with pytest.raises(SnapshotError, match=f"the snapshot is damaged: {file.name} (is not there|has .* bytes instead of)"):
        Snapshot.open(home)


@pytest.mark.parametrize("table", [CUSTOMERS, ORDERS])
def test_a_shard_in_place_of_another_is_found(home: Path, table: str) -> None:
    snapshot = Snapshot.open(home)
    _other(snapshot.path / f"{table}-0002-of-0004.arrow")
    with pytest.raises(SnapshotError, match=f"{table}-0002-of-0004.arrow"):
        verify(Snapshot.open(home))


def test_only_the_shards_that_are_told_are_opened(home: Path) -> None:
    whole = Snapshot.open(home)
    for name in ("customers-0000-of-0004.arrow", "customers-0002-of-0004.arrow"):
        (whole.path / name).unlink()
    snapshot = Snapshot.open(home, [3, 1, 3])
    verify(snapshot)
    assert (snapshot.serves, snapshot.shards, snapshot.rows) == ((1, 3), 4, 3)
    assert [shard_of(each, 4) for each in ("C1", "C2", "Zoë")] == [3, 1, 1]
    for each in ("C1", "C2", "Zoe\u0308"):
        assert repr(snapshot.customer(each, AS_OF)) == repr(whole.customer(each, AS_OF)) != "None"
    assert [snapshot.has_order(f"O{n}") for n in range(1, 7)] == [True] * 5 + [False]


@pytest.mark.parametrize("customer", ["C2", "nobody at all"])
def test_who_belongs_to_another_shard_is_not_said_to_be_a_stranger(home: Path, customer: str) -> None:
    shard = shard_of(customer, 4)
    snapshot = Snapshot.open(home, sorted({0, 1, 2, 3} - {shard}))
    with pytest.raises(OtherShardError) as caught:
        snapshot.customer(customer, AS_OF)
    assert (caught.value.shard, caught.value.shards, caught.value.snapshot) == (shard, 4, snapshot.id)
    here = ", ".join(map(str, snapshot.serves))
    assert str(caught.value) == (
        f"the customer is in shard {shard} of 4, and here is {here}; ask a server of shard {shard} [other-shard]"
    )


def test_a_shard_that_there_is_not_is_refused(home: Path, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError) as caught:
        Snapshot.open(home, [0, 4, -1])
    place = Snapshot.open(home).path
    assert str(caught.value).splitlines() == [
        f"{place}: the snapshot has no shard -1; there are 4, 0 to 3 [no-shard]",
        f"{place}: the snapshot has no shard 4; there are 4, 0 to 3 [no-shard]",
    ]
    publish(Content(AS_OF, "GBP", pl.DataFrame({"customer_id": ["C1"]})), tmp_path / "one")
    with pytest.raises(SnapshotError, match="no shard 1; it is in one piece, shard 0"):
        Snapshot.open(tmp_path / "one", [1])
