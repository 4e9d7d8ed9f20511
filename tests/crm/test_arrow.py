"""The digest of content: every value counts, and nothing else does."""

from array import array
from pathlib import Path

import polars as pl
import pytest

from router.crm import arrow
from router.crm.arrow import BLOCK, FLAG, NUMBER, TEXT, Column

NOTHING = memoryview(b"").cast("q")


def numbers(*values: float) -> Column:
    return Column("n", NUMBER, memoryview(array("d", values)), NOTHING, None)


def flags(*values: int) -> Column:
    return Column("f", FLAG, memoryview(array("b", values)), NOTHING, None)


def texts(*values: str, valid: bytes | None = None, name: str = "t") -> Column:
    data = "".join(values).encode()
    offsets = array("q", [len("".join(values[:n]).encode()) for n in range(len(values) + 1)])
    return Column(name, TEXT, memoryview(data), memoryview(offsets), None if valid is None else memoryview(valid))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (numbers(1, 2, 3), numbers(1, 2, 4)),
        (numbers(1, 2, 3), numbers(2, 1, 3)),
        (flags(1, 0, -1), flags(1, 0, 0)),
        (texts("a", "b", "c"), texts("a", "b", "d")),
        (texts("ab", "", "c"), texts("a", "b", "c")),
        (texts("a", "", "c", valid=b"\7"), texts("a", "", "c", valid=b"\5")),
        (texts("a", "b", "c"), texts("a", "b", "c", name="u")),
    ],
)
def test_every_value_counts(one: Column, other: Column) -> None:
    assert arrow.digest(3, [one]) != arrow.digest(3, [other])


def test_the_order_of_columns_and_the_bits_beyond_the_rows_do_not() -> None:
    whole = arrow.digest(3, [numbers(1, 2, 3), texts("a", "b", "c")])
    assert whole == arrow.digest(3, [texts("a", "b", "c", valid=b"\7"), numbers(1, 2, 3)])
    assert whole == arrow.digest(3, [texts("a", "b", "c", valid=b"\xff\xff"), numbers(1, 2, 3)])


def test_values_beyond_the_first_block_count() -> None:
    values = [0.0] * (2 * BLOCK + 1)
    digests = set()
    for place in (0, BLOCK - 1, BLOCK, 2 * BLOCK):
        values[place] += 1
        digests.add(arrow.digest(len(values), [numbers(*values)]))
    assert len(digests) == 4


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    frame = pl.DataFrame({"t": ["a", None, ""], "n": [1.0, float("nan"), -1.5], "f": pl.Series([1, 0, -1], dtype=pl.Int8)})
    written = arrow.write(frame, tmp_path / "file")
    batch = arrow.read(tmp_path / "file")
    assert arrow.digest(batch.rows, batch.columns) == written
    assert [column.kind for column in batch.columns] == [TEXT, NUMBER, FLAG]
    assert pl.read_ipc(tmp_path / "file").equals(frame)


@pytest.mark.parametrize(
    "frame",
    [pl.DataFrame({"n": [1.0, None]}), pl.DataFrame({"n": [1]}), pl.DataFrame({"n": [[1.0]]})],
    ids=["a number that is null", "an integer", "a list"],
)
def test_other_columns_are_refused(tmp_path: Path, frame: pl.DataFrame) -> None:
    frame.write_ipc(tmp_path / "file", compat_level=pl.CompatLevel.oldest())
    with pytest.raises(ValueError, match="column n is"):
        arrow.read(tmp_path / "file")


@pytest.mark.parametrize("content", [b"", b"ARROW1", b"x" * 5000], ids=["nothing", "a beginning", "noise"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        arrow.read(tmp_path / "file")


def test_several_batches_are_refused(tmp_path: Path) -> None:
    frame = pl.DataFrame({"n": [1.0, 2.0]})
    frame.write_ipc(tmp_path / "file", compat_level=pl.CompatLevel.oldest(), record_batch_size=1)
    with pytest.raises(ValueError, match="2 record batches instead of one"):
        arrow.read(tmp_path / "file")
