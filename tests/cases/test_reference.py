"""Whatever the timeline, each fact is what its definition says, over the wire as well."""

from math import isnan

from hypothesis import given
from hypothesis import strategies as st

from router.cases.model import Case
from router.facts import Value
from router.time import HOUR
from tests.cases.reading import TERMS, both, named
from tests.cases.reference import facts
from tests.decide.strategies import cases, nows


def _known(value: Value) -> Value:
    """Missing as ``None``, a yes/no told apart from a number."""
    if isinstance(value, float) and isnan(value):
        return None
    return str(value) if isinstance(value, bool) else value


@given(cases(most=16), nows, st.sampled_from([None, True, False]), st.integers(0, 100))
def test_every_fact_is_as_defined(case: Case, now: int, order_on_record: bool | None, hours: int) -> None:  # noqa: FBT001 - drawn by name
    as_of = now - hours * HOUR
    state = both(case, now, as_of=as_of, order_on_record=order_on_record)
    expected = facts(case, TERMS.touchpoints, now, as_of=as_of, order_on_record=order_on_record)
    found = {name: _known(value) for name, value in named(state).items() if name != "case.out_of_hours"}
    assert found == {name: _known(value) for name, value in expected.items()}
