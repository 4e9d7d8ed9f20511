"""Both back ends decide alike: of any policy, customers and timelines, every field of every case is the same."""

from hypothesis import given, settings

from tests.frame.drawing import backlogs
from tests.frame.told import Backlog, differences


@settings(max_examples=40)
@given(backlogs())
def test_a_frame_decides_every_case_as_it_is_decided_alone(backlog: Backlog) -> None:
    assert list(differences(backlog))[:5] == []
