"""One shop for all tests that only ask it."""

from collections.abc import Iterator

import pytest

from tests.serve.engine import Served
from tests.serve.shop import open_shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over the shop."""
    with open_shop(tmp_path_factory.mktemp("shop")) as served:
        yield served
