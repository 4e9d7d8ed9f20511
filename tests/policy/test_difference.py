"""What differs between two versions, in words: nothing is left out, and nothing is told that does not differ."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from router.policy.compile import compile_written
from router.policy.difference import _items, _text, difference
from tests.policy.small import CALENDAR, SMALL

RETAIL = (Path(__file__).parents[2] / "policies" / "retail" / "1.0.0.yaml").read_text()


def said(old: str, new: str, text: str = RETAIL) -> list[str]:
    assert old in text
    changes = difference(compile_written(text, "a.yaml", ()), compile_written(text.replace(old, new, 1), "b.yaml", ()))
    return [str(change) for change in changes]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("version: 1.0.0", "version: 1.0.1", []),
        ("# L4; first match", "# first match", []),
        ("P1: 700", "P1: 650", ["band P1: from was 700, is 650"]),
        ("points_per_hour: 2", "points_per_hour: 2.5", ["ageing: points_per_hour was 2, is 2.5"]),
        ("per_case: 50", "per_case: 45.5", ["caps: per_case was 50, is 45.5"]),
        ("holidays: GB-ENG", "holidays: GB-SCT", ["calendar: holidays was GB-ENG, is GB-SCT"]),
        (
            '"09:00-13:00", "14:00-17:00"',
            '"09:00-13:00"',
            ["calendar: hours.sat was 09:00-13:00, 14:00-17:00, is 09:00-13:00"],
        ),
        (
            "    resolve: 1 business day\n",
            "    resolve: 9 business hours\n",
            ["commitments row when band == 'P1': resolve was 1 business day, is 9 business hours"],
        ),
        ("acknowledge: 1h ", "acknowledge: 2h ", ["commitments row of the floor: acknowledge was 1h, is 2h"]),
        ("may_approve: 20}", "may_approve: 25}", ["level frontline: may_approve was 20, is 25"]),
        ("switches: {money: true}", "switches: {money: false}", ["switches: money was yes, is no"]),
        ("letter: {hours: always, speed: 9}", "letter: {hours: always, speed: 8}", ["channel letter: speed was 9, is 8"]),
        (
            "loyal_years: 3",
            "loyal_years: 2",
            ["parameter loyal_years: was `3`, is `2` (read by tier gold, priority rule clean-record)"],
        ),
        (
            "points: 50\n",
            "points: 50\n      enabled: false\n",
            ["priority rule tier-silver-or-better: enabled no is new"],
        ),
        (
            "when: customer.tenure_years >= 1 or customer.orders_12m >= 4",
            "when: (customer.tenure_years >= 1) or customer.orders_12m >= 4",
            [
                (
                    "tier silver: when was `customer.tenure_years >= 1 or customer.orders_12m >= 4`, "
                    "is `(customer.tenure_years >= 1) or customer.orders_12m >= 4` (it means the same)"
                )
            ],
        ),
    ],
)
def test_a_change_is_told_once_in_words(old: str, new: str, told: list[str]) -> None:
    assert said(old, new) == told


def test_rules_that_come_and_go() -> None:
    what = "when `customer.subscribed`, points `40`, because A subscriber has paid for good service in advance."
    assert said("id: subscriber ", "id: subscribed ") == [
        f"priority rule subscriber is gone: {what}",
        f"priority rule subscribed is new: {what}",
    ]


def test_an_order_that_means_something() -> None:
    silver = "  - tier: silver\n    when: customer.tenure_years >= 1\n"
    text = SMALL.replace("  - tier: standard", silver + "  - tier: standard")
    moved = SMALL.replace("  - tier: gold\n", silver + "  - tier: gold\n")
    old, new = (compile_written(each, "a.yaml", ()) for each in (text, moved))
    assert list(map(str, difference(old, new))) == ["tier: order was gold, silver, standard, is silver, gold, standard"]


def test_rows_of_commitments_with_one_condition_are_told_apart() -> None:
    row = "  - {when: band == 'P1', acknowledge: %s, next_update: 1 day, resolve: 2 days, final_response: 8 weeks}\n"
    twice = SMALL.replace("commitments:\n", "commitments:\n" + row % "10m" + row % "1h")
    (once, same, faster) = (
        compile_written(text, "a.yaml", ())
        for text in (twice.replace(row % "10m", ""), twice.replace("10m", "1h"), twice.replace("10m", "5m"))
    )
    told = "commitments row when band == 'P1', again (2) is %s: when band == 'P1', acknowledge 1h, next_update 1 day"
    written = compile_written(twice, "a.yaml", ())
    assert [str(change).replace("`", "").partition(", resolve")[0] for change in difference(once, written)] == [
        "commitments row when band == 'P1': acknowledge was 1h, is 10m",
        told % "new",
    ]
    assert list(map(str, difference(written, faster))) == ["commitments row when band == 'P1': acknowledge was 10m, is 5m"]
    assert list(map(str, difference(same, written))) == ["commitments row when band == 'P1': acknowledge was 1h, is 10m"]


def test_public_holidays_of_another_day() -> None:
    old, new = (compile_written(SMALL + CALENDAR, "a.yaml", days) for days in ((), (date(2026, 12, 25),)))
    assert list(map(str, difference(old, new))) == ["calendar: public holidays was as recorded then, is as recorded now"]


def leaves(data: Any) -> Iterator[object]:  # noqa: ANN401 - plain data
    if isinstance(data, dict):
        for value in data.values():
            yield from leaves(value)
    elif isinstance(data, list | tuple) and data and isinstance(data[0], dict):
        for value in data:
            yield from leaves(value)
    elif data is not None and data != []:
        yield data


def test_every_value_of_a_policy_is_compared() -> None:
    document = compile_written(RETAIL, "a.yaml", ()).document
    items = _items(document)
    shown = {text.removeprefix("when ") for (_, name), fields in items.items() for text in (name, *fields.values())}
    assert {_text(leaf) for leaf in leaves(document.model_dump())} - shown == {document.version}
