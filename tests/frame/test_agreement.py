"""Both back ends decide alike: of any policy, customers and timelines, every field of every case is the same."""

from hypothesis import given, settings

from tests.decide.strategies import compiled
from tests.frame.drawing import backlogs, written
from tests.frame.told import Backlog, by_frame, by_rows, differences


@settings(max_examples=40)
@given(backlogs(written().map(compiled)))
def test_a_frame_decides_every_case_as_it_is_decided_alone(backlog: Backlog) -> None:
    assert list(differences(by_rows(backlog), by_frame(backlog)))[:5] == []
