"""A snapshot from a cluster is that of the local engine: id, content, warnings, sources, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from router.crm import build as local
from router.crm.manifest import Manifest
from router.crm.snapshot import Snapshot, verify
from tests.crm.shop import AS_OF, write_shop

pytestmark = pytest.mark.filterwarnings("ignore")  # Spark's own


def there(spark: Any, mapping: Path, home: Path, **options: Any) -> Manifest:
    """Built on a cluster."""
    from router.spark.build import Build, build

    return build(Build(mapping, home, AS_OF, **options), spark)


def same(spark: Any, mapping: Path, folder: Path, shards: int = 1) -> Snapshot:
    """What a cluster built, after a look that it is what is built here, but for the time that files may differ in."""
    ours = there(spark, mapping, folder / "there", shards=shards)
    assert ours == local.build(mapping, folder / "here", AS_OF, shards=shards)
    found = Snapshot.open(folder / "there")
    verify(found)
    assert [file.name for file in (folder / "there").iterdir() if file.name.startswith(".")] == [".lock"]
    assert len(list(found.path.iterdir())) == len(ours.files) + 1
    return found


@pytest.mark.parametrize(("suffix", "pieces", "shards"), [("parquet", 2, 3), ("csv", 1, 1)])
def test_a_shop_is_built_as_here(spark: Any, tmp_path: Path, suffix: str, pieces: int, shards: int) -> None:
    found = same(spark, write_shop(tmp_path / "shop", suffix, pieces=pieces), tmp_path, shards)
    assert found.customer("Zoe\u0308", AS_OF) is not None
    assert found.has_order("O4") is True
