"""Whatever key of a policy is misspelt, its other mistakes are told at once, and nothing that would only follow from it."""

import re
from collections.abc import Iterator

import pytest

from router.errors import PolicyError
from router.policy.compile import compile_policy
from router.policy.document import PolicyDocument
from router.yaml import load
from tests.cli.running import SHOP

RIGHT = (SHOP / "1.10.0.yaml").read_text()
PLANTED = "no fact customer.tenure_yeers; did you mean customer.tenure_years?"
NAMED = {"tiers", "tier", "escalation", "levels", "level", "facts", "type", "parameters", "issues"}
"""What others name: where it cannot be read, only that is told."""


def told(text: str) -> set[str]:
    try:
        compile_policy(text, "p.yaml")
    except PolicyError as error:
        return {problem.message for problem in error.problems}
    return set()


def unreadable(text: str) -> set[str]:
    source = load(text, "p.yaml")
    source.read(PolicyDocument)
    return {problem.message for problem in source.problems}


def misspelt(text: str) -> Iterator[tuple[str, str]]:
    """Each key that is written, and the text with another in its place: one that is like it, and one that is not."""
    for match in re.finditer(r"(?m)(?:^|(?<=[\s{,-]))([A-Za-z_]+):(?=\s|$)", text):
        for other in (match[1] + "q", "zzzz"):
            yield match[1], text[: match.start(1)] + other + text[match.end(1) :]


def test_a_misspelt_key_hides_no_other_mistake_and_brings_none() -> None:
    wrong = RIGHT.replace("customer.tenure_years", "customer.tenure_yeers", 1)
    assert told(wrong) == {PLANTED}
    tried = 0
    for key, text in misspelt(wrong):
        of_the_key = unreadable(text)
        if not of_the_key:  # a name that the policy chose itself
            continue
        found = told(text)
        tried += 1
        assert of_the_key <= found <= of_the_key | {PLANTED}, key
        if key not in NAMED | {"when"} and "zzzz:" not in text:  # what is planted stands in a condition
            assert PLANTED in found, key
    assert tried > 50


@pytest.mark.parametrize(
    ("right", "slip"),
    [
        ("version: 1.10.0", "version: one"),
        ("currency: GBP", "currency: POUNDS"),
        ("currency: GBP", "currency: GBP\ncurrency: EUR"),
        ("points_per_hour: 2", "points_per_hour: 0"),
        ("P1: 300", "P1: high"),
        ("may_approve: 5", "may_approve: -5"),
        ("role: agent", "role: 7"),
    ],
)
def test_nor_does_a_wrong_value(right: str, slip: str) -> None:
    text = RIGHT.replace("customer.tenure_years", "customer.tenure_yeers", 1)
    assert right in text
    changed = text.replace(right, slip, 1)
    assert told(changed) == unreadable(changed) | {PLANTED}
    assert len(unreadable(changed)) == 1


def test_a_file_that_is_no_policy_at_all_is_told_as_such() -> None:
    for text in ("- a\n", "policy: [\n", "7\n", "policy: p\n"):
        assert told(text) == unreadable(text) != set()
