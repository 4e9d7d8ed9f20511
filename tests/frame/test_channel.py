"""The channel to reply by of a column of cases is that of each case alone."""

from random import Random

import polars as pl
import pytest

from router.decide import channel
from router.facts import CHANNELS
from router.frame.channel import reply_channel
from router.time import parse_instant
from tests.decide.deciding import decider

SCHEMA = {"contact_channel": pl.String(), "channel": pl.String(), "failed_channels": pl.List(pl.String)}
DAY, NIGHT = parse_instant("2016-05-25T12:00Z"), parse_instant("2016-05-25T22:00Z")


@pytest.mark.parametrize("now", [DAY, NIGHT])
@pytest.mark.parametrize("count", range(len(CHANNELS) + 1))
def test_the_channel_is_that_of_each_case_alone(count: int, now: int) -> None:
    drawn = Random(count)
    names = drawn.sample(CHANNELS, count)
    channels = {name: {"hours": drawn.choice(["calendar", "always"]), "speed": drawn.randint(1, 4)} for name in names}
    policy = decider(channels=channels).policy
    owns = (None, "fax", *CHANNELS)
    cases = [
        (
            drawn.choice(owns),
            drawn.choice(owns),
            drawn.choice([None, drawn.sample(owns[1:], drawn.randint(0, len(CHANNELS)))]),
        )
        for _ in range(300)
    ]
    found = reply_channel(pl.LazyFrame(cases, SCHEMA, orient="row"), policy, now)
    alone = [
        channel.ReplyChannels(policy.channels, policy.calendar).to(last or first, failed or (), now)
        for last, first, failed in cases
    ]
    told = [(each.name, each.open_at) if each else (None, None) for each in alone]
    assert found.select("reply_channel", "reply_channel_open_at").collect().rows() == told
    rows = pl.LazyFrame(cases, SCHEMA, orient="row").with_columns(now=pl.lit(now))
    by_column = reply_channel(rows, policy, pl.col("now"))
    assert by_column.select("reply_channel", "reply_channel_open_at").collect().rows() == told
