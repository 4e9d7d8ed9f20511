"""The little of the wire format that is written by hand is what protobuf writes."""

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import example, given
from hypothesis import strategies as st

from router.serve.convert.answer import timestamp
from router.serve.convert.wire import embedded, number, stamp, text
from router.time import FIRST, LAST
from router.v1 import decision_pb2 as pb

whole = st.integers(-(2**63), 2**63 - 1)


@given(whole)
@example(0)
@example(-1)
@example(127)
@example(128)
@example(2**63 - 1)
@example(-(2**63))
def test_a_number_is_written_as_protobuf_does(value: int) -> None:
    assert number(2, value) == pb.Contribution(points=value).SerializeToString()


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("x" * 127)
@example("x" * 128)
@example("é" * 64)
@example("x" * 20_000)
def test_a_text_is_written_as_protobuf_does(value: str) -> None:
    assert text(1, value) == pb.Contribution(rule=value).SerializeToString()


@given(st.text(st.characters(exclude_categories=["Cs"])), whole)
def test_a_message_in_a_message_is_written_as_protobuf_does(value: str, points: int) -> None:
    inner = pb.Contribution(rule=value, points=points)
    assert embedded(3, text(1, value) + number(2, points)) == pb.Priority(contributions=[inner]).SerializeToString()


@given(st.integers(FIRST, LAST))
@example(FIRST)
@example(LAST)
@example(0)
@example(-1)
@example(1_000_000)
@example(((1 << 28) - 1) * 1_000_000)
@example((1 << 28) * 1_000_000)
@example((1 << 35) * 1_000_000 - 1)
@example((1 << 35) * 1_000_000)
def test_a_time_is_written_as_protobuf_does(instant: int) -> None:
    assert stamp(instant) == timestamp(instant).SerializeToString()


@given(st.integers(FIRST, LAST))
def test_a_timestamp_is_the_instant_that_it_says(instant: int) -> None:
    made = timestamp(instant)
    assert made.ToMicroseconds() == instant
    assert 0 <= made.nanos < 10**9
    assert made == Timestamp.FromString(made.SerializeToString())


@pytest.mark.parametrize("field", range(1, 16))
@pytest.mark.parametrize("length", [0, 1, 127, 128, 300])
def test_fields_to_fifteen_have_a_head_of_one_byte(field: int, length: int) -> None:
    found = embedded(field, b"x" * length)
    assert found[0] == field << 3 | 2
    assert found.endswith(b"x" * length)
