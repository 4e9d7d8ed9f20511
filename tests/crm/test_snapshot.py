"""Publishing, opening, damage: there is always one whole snapshot, and one that is not whole is refused."""

import fcntl
import json
import os
import shutil
from math import inf, nan
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from router.crm import arrow, data, publish
from router.crm.build import build
from router.crm.manifest import Manifest, extra_fact, from_dict
from router.crm.snapshot import Snapshot, verify
from router.errors import MappingError, SnapshotError
from router.files import whole
from tests.crm.shop import AS_OF, write_shop


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shop, and with a snapshot of it."""
    folder = tmp_path_factory.mktemp("published")
    build(write_shop(folder / "shop"), folder / "home", AS_OF)
    return folder


@pytest.fixture
def home(published: Path, tmp_path: Path) -> Path:
    """The folder of a snapshot of the shop, to do with as one likes."""
    shutil.copytree(published, tmp_path, dirs_exist_ok=True)
    return tmp_path / "home"


def content(home: Path) -> Path:
    return home / Snapshot.open(home).id


def publish_rows(home: Path, *ids: str, as_of: int = AS_OF, keep: int = 2) -> Manifest:
    return publish.publish(publish.Content(as_of, "GBP", pl.DataFrame({"customer_id": ids})), home, keep=keep)


def state(home: Path) -> dict[str, bytes]:
    return {str(file.relative_to(home)): file.read_bytes() for file in sorted(home.rglob("*")) if file.is_file()}


def test_a_snapshot_says_what_it_is(home: Path) -> None:
    snapshot = Snapshot.open(home)
    manifest = snapshot.manifest
    assert (manifest.rows, manifest.orders, manifest.currency, manifest.as_of) == (3, 5, "GBP", AS_OF)
    assert [fact.name for fact in manifest.extras] == ["customer.segment"]
    assert [(source.table, source.path) for source in manifest.sources][:2] == [
        ("customers", "customers0.csv"),
        ("orders", "orders0.csv"),
    ]
    assert from_dict(manifest.to_dict()) == manifest
    assert [fact.name for fact in snapshot.layout][-1] == "customer.segment"
    verify(snapshot)


def test_it_opens_by_the_folder_of_its_content_too(home: Path) -> None:
    assert Snapshot.open(content(home)).id == Snapshot.open(home).id


def test_the_same_history_has_the_same_id_and_is_kept_once(home: Path, tmp_path: Path) -> None:
    before = state(home)
    build(tmp_path / "shop" / "mapping.yaml", home, AS_OF)
    assert state(home) == before


def test_an_id_is_of_the_content_the_instant_and_the_currency(tmp_path: Path) -> None:
    frame = pl.DataFrame({"customer_id": ["C1"], "customer.orders": [1.0]})
    other = frame.with_columns(pl.lit("x").alias("customer.x"))
    contents = [
        publish.Content(AS_OF, "GBP", frame),
        publish.Content(AS_OF + 1, "GBP", frame),
        publish.Content(AS_OF, "EUR", frame),
        publish.Content(AS_OF, "GBP", frame, pl.Series([], dtype=pl.String)),
        publish.Content(AS_OF, "GBP", frame, pl.Series(["O1"])),
        publish.Content(AS_OF, "GBP", frame.with_columns(pl.lit(2.0).alias("customer.orders"))),
        publish.Content(AS_OF, "GBP", frame.rename({"customer.orders": "customer.cases"})),
        publish.Content(AS_OF, "GBP", other, extras=(extra_fact("customer.x", "text"),)),
    ]
    assert len({publish.publish(each, tmp_path).id for each in contents}) == len(contents)


def test_a_zero_is_a_zero_and_a_missing_number_is_missing(tmp_path: Path) -> None:
    def id_of(*values: float | None) -> str:
        frame = pl.DataFrame({"customer_id": ["C1", "C2"], "customer.orders": pl.Series(values, dtype=pl.Float64)})
        return publish.publish(publish.Content(AS_OF, "GBP", frame), tmp_path).id

    assert id_of(0.0, None) == id_of(-0.0, nan) == id_of(0, inf) == id_of(0, -nan)


def test_publishing_the_same_again_repairs_what_was_damaged(home: Path, tmp_path: Path) -> None:
    before = state(home)
    (content(home) / "customers.arrow").write_bytes(b"")
    build(tmp_path / "shop" / "mapping.yaml", home, AS_OF)
    assert state(home) == before


def test_the_last_two_are_kept(home: Path) -> None:
    first = Snapshot.open(home).id
    ids = [publish_rows(home, f"C{n}").id for n in range(3)]
    assert sorted(folder.name for folder in home.iterdir() if folder.is_dir()) == sorted(ids[1:])
    assert Snapshot.open(home).id == ids[2]
    assert first not in ids
    publish_rows(home, "only", keep=1)
    assert len([folder for folder in home.iterdir() if folder.is_dir()]) == 1


def test_only_contents_are_removed(home: Path) -> None:
    """Somebody may build into a folder that has other things in it."""
    (home / "site").mkdir()
    (home / "site" / "manifest.json").write_text("{}", encoding="utf-8")
    for n in range(4):
        publish_rows(home, f"C{n}", keep=1)
    assert (home / "site" / "manifest.json").exists()


def test_a_snapshot_that_is_open_goes_on_when_it_is_removed(home: Path) -> None:
    snapshot = Snapshot.open(home)
    shutil.rmtree(home)
    assert snapshot.customer("C1", AS_OF) is not None
    assert snapshot.has_order("O4") is True


def test_a_build_that_fails_leaves_the_current_one(home: Path, tmp_path: Path) -> None:
    before = state(home)
    with (tmp_path / "shop" / "orders0.csv").open("a") as file:
        file.write("O9,C1,soon,1,,,,,\n")
    with pytest.raises(MappingError, match="row 6, column ordered_at"):
        build(tmp_path / "shop" / "mapping.yaml", home, AS_OF)
    assert state(home) == before


@pytest.mark.parametrize(
    ("module", "step"), [(publish, "_move"), (data, "write_shard"), (whole, "write_json"), (publish, "_prune")]
)
def test_a_failure_while_publishing_leaves_one_whole_snapshot(
    home: Path, module: ModuleType, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(home)

    def fail(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(module, step, fail)
    with pytest.raises(SnapshotError, match="cannot be written: No space left on device"):
        publish_rows(home, "new")
    verify(Snapshot.open(home))
    assert not (home / ".building").exists()
    if step != "_prune":
        assert state(home) == before


def test_everything_is_on_the_disk_before_it_becomes_current(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    replace = Path.replace

    def recorded(file: Path, target: Path) -> Path:
        done.append(f"rename {target.name}")
        return replace(file, target)

    monkeypatch.setattr(whole, "sync", lambda path: done.append(f"sync {path.name}"))
    monkeypatch.setattr(Path, "replace", recorded)
    manifest = publish_rows(home, "new")
    current = done.index("rename current.json")
    before = {"sync customers.arrow", "sync .manifest.json.new", "sync .building", "sync .current.json.new", "sync home"}
    assert before <= set(done[:current])
    assert done[current + 1] == "sync home"
    assert Snapshot.open(home).id == manifest.id


def test_what_was_written_is_read_back_before_it_becomes_current(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(home)
    monkeypatch.setattr(
        arrow, "write", lambda frame, path, _: frame.write_ipc(path, compat_level=pl.CompatLevel.oldest()) or ()
    )
    with pytest.raises(SnapshotError, match="could not be read back"):
        publish_rows(home, "new")
    assert state(home) == before


def test_what_an_interrupted_build_left_is_removed(home: Path) -> None:
    (home / ".building").mkdir()
    (home / ".building" / "orders.arrow").write_bytes(b"half")
    manifest = publish_rows(home, "new")
    assert not (home / ".building").exists()
    assert sorted(file.name for file in (home / manifest.id).iterdir()) == ["customers.arrow", "manifest.json"]


def test_what_cannot_be_opened_does_not_become_current(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(home)
    monkeypatch.setattr(Manifest, "to_dict", lambda _: {"schema": 0})
    with pytest.raises(SnapshotError, match="has schema 0"):
        publish_rows(home, "new")
    assert state(home) == before


def test_two_builds_do_not_write_at_once(home: Path) -> None:
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(SnapshotError, match="another build is writing here"):
            publish_rows(home, "new")


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SnapshotError, match="cannot be written: Not a directory"):
        publish_rows(tmp_path / "file" / "home", "C1")


@pytest.mark.parametrize(("ids", "message"), [(("a", "b", "a"), "'a' comes twice"), (("é", "e\u0301"), "'é' comes twice")])
def test_an_id_comes_once(tmp_path: Path, ids: tuple[str, ...], message: str) -> None:
    with pytest.raises(SnapshotError, match=message):
        publish_rows(tmp_path / "home", *ids)
    assert [file.name for file in (tmp_path / "home").iterdir()] == [".lock"]


def test_a_missing_snapshot_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError) as caught:
        Snapshot.open(tmp_path / "nothing")
    assert str(caught.value) == (
        f"{tmp_path}/nothing: no snapshot here, current.json is not there; "
        "build it again with `case-router snapshot build` [no-snapshot]"
    )


def refused(home: Path) -> str:
    with pytest.raises(SnapshotError) as caught:
        Snapshot.open(home)
    assert "build it again with `case-router snapshot build`" in str(caught.value)
    return caught.value.problems[0].message


@pytest.mark.parametrize("name", ["customers.arrow", "orders.arrow"])
def test_a_file_cut_short_is_refused(home: Path, name: str) -> None:
    file = content(home) / name
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    assert f"{name} has {len(whole) - 1} bytes instead of {len(whole)}" in refused(home)


@pytest.mark.parametrize("name", ["customers.arrow", "orders.arrow", "manifest.json"])
def test_a_file_that_is_gone_is_refused(home: Path, name: str) -> None:
    (content(home) / name).unlink()
    assert "is not there" in refused(home)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"id": "nothing"}', "null"])
def test_a_current_that_says_nothing_is_refused(home: Path, text: str) -> None:
    (home / "current.json").write_text(text, encoding="utf-8")
    assert refused(home)


@pytest.mark.parametrize(
    ("key", "value"),
    [("as_of", "2016-06-01T10:00:01Z"), ("currency", "EUR"), ("rows", 4), ("warnings", ["x"]), ("seal", ""), ("more", 1)],
)
def test_a_manifest_that_was_edited_is_refused(home: Path, key: str, value: object) -> None:
    file = content(home) / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {key: value}), encoding="utf-8")
    assert "manifest.json was changed" in refused(home)


def test_another_schema_is_refused_by_its_number(home: Path) -> None:
    file = content(home) / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"schema": 0}), encoding="utf-8")
    assert "has schema 0, this version reads 2" in refused(home)


def test_the_files_of_another_snapshot_are_refused(home: Path, tmp_path: Path) -> None:
    publish_rows(tmp_path / "other", "C1", "C2", "C3")
    file, other = content(home) / "customers.arrow", content(tmp_path / "other") / "customers.arrow"
    padding = file.stat().st_size
    shutil.copy(other, file)
    with file.open("ab") as grown:
        grown.write(b"\0" * (padding - file.stat().st_size))
    assert "customers.arrow" in refused(home)


@pytest.mark.parametrize("name", ["customers.arrow", "orders.arrow"])
def test_every_flipped_byte_is_found_by_verifying(home: Path, name: str) -> None:
    file = content(home) / name
    whole = file.read_bytes()
    snapshot = Snapshot.open(home)
    for place in range(0, len(whole), max(1, len(whole) // 97)):
        # A new file each time: the one that is open stays as it is.
        file.unlink()
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(SnapshotError, match=f"{name} is not what was published"):
            verify(snapshot)


def test_verifying_tells_of_a_file_that_is_gone(home: Path) -> None:
    snapshot = Snapshot.open(home)
    (content(home) / "orders.arrow").unlink()
    with pytest.raises(SnapshotError, match=r"orders\.arrow cannot be read"):
        verify(snapshot)


def test_a_row_that_cannot_be_read_is_an_error_of_the_snapshot(home: Path) -> None:
    """Between opening and verifying, a flipped byte may be met: a flag that is none, a text that is not UTF-8."""
    file = content(home) / "customers.arrow"
    whole = file.read_bytes()
    file.unlink()
    file.write_bytes(whole.replace(b"premier", b"pre\xff\xff\xff\xff"))
    with pytest.raises(SnapshotError, match="the row of a customer cannot be read"):
        Snapshot.open(home).customer("C1", AS_OF)
