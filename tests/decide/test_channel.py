"""The channel to reply by: the customer's own while it works and is open, else one no slower."""

from typing import Any

import pytest

from router.cases import model as m
from tests.decide.deciding import at, case, decide, decider, instant

DAY, NIGHT = "2016-05-25T12:00", "2016-05-25T22:00"
MORNING = "2016-05-26T07:00"
CHANNELS = {
    "phone": {"hours": "calendar", "speed": 1},
    "chat": {"hours": "calendar", "speed": 1},
    "social": {"hours": "always", "speed": 2},
    "email": {"hours": "always", "speed": 3},
    "letter": {"hours": "always", "speed": 9},
}


def tried(*channels: str) -> tuple[m.Event, ...]:
    return tuple(at("2016-05-25T10:30", m.ContactFailed(channel)) for channel in channels)


def replied(*timeline: m.Event, now: str = DAY, channels: dict[str, Any] = CHANNELS, **given: Any) -> tuple[str, str] | None:  # noqa: ANN401 - attributes of a case
    """The channel, and when it opens: ``now``, or a time."""
    found = decide(decider(channels=channels), case(*timeline, **given), now).reply_channel
    if found is None:
        return None
    assert found.always is (channels[found.name]["hours"] == "always")
    return found.name, "now" if found.open_at == instant(now) else "opens" if found.open_at == instant(MORNING) else "never"


@pytest.mark.parametrize("own", CHANNELS)
def test_while_it_is_open_the_customer_s_own_is_taken(own: str) -> None:
    assert replied(channel=own) == (own, "now")


def test_the_last_contact_says_what_is_their_own() -> None:
    wrote = at("2016-05-25T11:00", m.CustomerContacted("email"))
    assert replied(wrote, channel="phone") == ("email", "now")
    assert replied(wrote, at("2016-05-25T11:30", m.CustomerContacted()), channel="phone") == ("email", "now")


def test_one_that_failed_is_not_taken_until_it_works_again() -> None:
    assert replied(*tried("phone"), channel="phone") == ("chat", "now")
    again = at("2016-05-25T11:00", m.CustomerContacted("phone"))
    assert replied(*tried("phone"), again) == ("phone", "now")
    assert replied(*tried("phone", "chat"), again) == ("phone", "now")


def test_a_slower_one_is_never_taken() -> None:
    assert replied(*tried("phone", "chat"), channel="phone") == ("phone", "now")  # both failed, all others are slower
    assert replied(*tried("social"), channel="social") == ("phone", "now")
    assert replied(*tried("social"), channel="social", now=NIGHT) == ("phone", "opens")


def test_at_night_one_that_is_open_goes_before_one_that_opens() -> None:
    assert replied(channel="phone", now=NIGHT) == ("phone", "opens")
    assert replied(*tried("email"), channel="email", now=NIGHT) == ("social", "now")


def test_of_several_that_are_open_the_fastest_is_taken() -> None:
    assert replied(*tried("email"), channel="email") == ("phone", "now")
    assert replied(*tried("letter", "phone"), channel="letter") == ("chat", "now")


@pytest.mark.parametrize("own", [None, "web"])
def test_where_their_own_is_not_known_the_fastest_open_one_is_taken(own: str | None) -> None:
    assert replied(channel=own) == ("phone", "now")
    assert replied(channel=own, now=NIGHT) == ("social", "now")


def test_a_policy_without_channels_has_nothing_to_say() -> None:
    assert replied(channel="phone", channels={}) is None
