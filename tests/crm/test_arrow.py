"""Digests of content: every value counts, and nothing else does."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from router.crm import arrow
from router.crm.arrow import FLAG, NUMBER, TEXT

TEXTS = pl.Series("t", ["a", None, "", "bé", "c", None, "dd", "e", "", "f", None])
FRAME = pl.DataFrame(
    {
        "t": TEXTS,
        "n": [1.0, float("nan"), -1.5, *range(8)],
        "f": pl.Series([1, 0, -1, 1, 1, 0, 0, -1, -1, 1, 0], dtype=pl.Int8),
    }
)


def digests(frame: pl.DataFrame, path: Path, cuts: Sequence[int] = ()) -> tuple[bytes, ...]:
    """As they were to be written, and as they are read back."""
    cuts = cuts or (0, frame.height)
    written = arrow.write(frame, path / "file", cuts)
    assert arrow.digests(path / "file", cuts) == written
    return written


@pytest.mark.parametrize(
    ("column", "one", "other"),
    [
        (pl.Float64, [1, 2, 3], [1, 2, 4]),
        (pl.Float64, [1, 2, 3], [2, 1, 3]),
        (pl.Int8, [1, 0, -1], [1, 0, 0]),
        (pl.String, ["a", "b", "c"], ["a", "b", "d"]),
        (pl.String, ["ab", "", "c"], ["a", "b", "c"]),
        (pl.String, ["a", "", "c"], ["a", None, "c"]),
    ],
)
def test_every_value_counts(tmp_path: Path, column: type[pl.DataType], one: list[object], other: list[object]) -> None:
    frames = [pl.DataFrame({"x": pl.Series(values, dtype=column)}) for values in (one, other)]
    found = {digests(frame, tmp_path) for frame in frames}
    assert len(found) == 2
    assert digests(frames[0].rename({"x": "y"}), tmp_path) not in found


def test_the_order_of_columns_does_not(tmp_path: Path) -> None:
    assert digests(FRAME, tmp_path) == digests(FRAME.select("f", "t", "n"), tmp_path)


def test_a_stretch_has_one_digest_wherever_it_stands(tmp_path: Path) -> None:
    """In a file of its own, in the middle of another, and with texts that were missing before other rows were left out."""
    cuts = (0, 3, 4, 9, 11)
    whole = digests(FRAME, tmp_path, cuts)
    assert len(set(whole)) == 4
    assert whole[1:3] == digests(FRAME.slice(3, 6), tmp_path, (0, 1, 6))
    assert whole[2:3] == digests(FRAME.filter(pl.int_range(pl.len()).is_between(4, 8)), tmp_path)
    assert whole[2:3] == digests(pl.concat([FRAME[4:6], FRAME[6:9]], rechunk=False), tmp_path)
    masked = FRAME.with_columns(t=pl.when(TEXTS.is_not_null()).then(TEXTS.fill_null("long enough to stand apart")))
    assert whole == digests(masked, tmp_path, cuts)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    arrow.write(FRAME, tmp_path / "file", [])
    assert [column.kind for column in arrow.read(tmp_path / "file").columns] == [TEXT, NUMBER, FLAG]
    assert pl.read_ipc(tmp_path / "file").equals(FRAME)


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
