"""What cannot be used, as files: each folder under ``bad`` has a mapping, its tables, and the exact message beside them."""

from pathlib import Path

import pytest

from router.crm.build import build
from router.errors import MappingError
from router.time import parse_instant

BAD = Path(__file__).parent / "bad"


@pytest.mark.parametrize("case", sorted(folder.name for folder in BAD.iterdir()))
def test_every_mistake_is_told_at_once_with_its_place(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD / case)
    with pytest.raises(MappingError) as caught:
        build(Path("mapping.yaml"), tmp_path / "snapshot", parse_instant("2016-06-01"))
    assert str(caught.value) + "\n" == Path("expected.txt").read_text(encoding="utf-8")
    assert not (tmp_path / "snapshot").exists()
