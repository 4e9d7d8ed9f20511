"""Policies that do not compile, each beside exactly what is said of it."""

from pathlib import Path

import pytest

from router.errors import PolicyError
from router.policy.compile import compile_policy

BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_everything_wrong_is_said_at_once_each_at_its_place(path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        compile_policy(path.read_text(), path.name)
    assert str(caught.value) + "\n" == path.with_suffix(".txt").read_text()


def test_every_expectation_has_its_policy() -> None:
    assert {path.stem for path in (Path(__file__).parent / "bad").glob("*.txt")} == {path.stem for path in BAD}
