"""The analysis and the search never contradict each other, in policies made at random."""

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from router.fairness import check_fairness, proven
from router.policy.model import Policy
from tests.fairness.small import policy

LOYAL = ("tenure_years", "orders", "orders_12m", "spend_12m", "spend_percentile", "stars")
FAILING = ("promises_broken", "chases", "hedged_apologies", "escalations_refused", "evidence_repeats", "repairs")
FACTS = (
    *(f"customer.{key}" for key in (*LOYAL, "return_rate", "days_since_last_order")),
    *(f"case.{key}" for key in (*FAILING, "age_hours", "hours_since_reply", "value_at_stake")),
)
FLAGS = (
    *(f"customer.{key}" for key in ("subscribed", "vulnerable", "known")),
    *(f"case.{key}" for key in ("escalation_requested", "only_statutory_offered")),
)
TEXTS = ("case.issue == 'late'", "customer.plan == 'plus'", "customer.plan is missing", "case.status == 'waiting'")
TIERS = ("tier.rank >= 1", "tier == 'silver'", "tier in ('gold', 'silver')", "tier != 'gold'")
BANDS = ("band == 'P1'", "band != 'P1'", "band in ('P1', 'P2')", "score >= 150", "tier.rank == 1")
TWO_TIERS = ("{tier: gold, when: customer.tenure_years >= 5}", "{tier: silver, when: customer.orders >= 2}")
DURATIONS = ("2h", "6h", "3 business hours", "1 business day", "3 days")


class Author:
    """Writes policies that nobody would."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.any = self.rng.choice

    def constant(self) -> str:
        return self.any(("0", "1", "2", "5", "40"))

    def number(self) -> str:
        fact, constant = self.any(FACTS), self.constant()
        other = self.any((self.any(FACTS), constant))
        return self.any(
            (
                fact,
                fact,
                constant,
                f"default({fact}, {constant})",
                f"({fact} {self.any('+-*/')} {other})",
                f"{self.any(('min', 'max'))}({fact}, {other})",
            )
        )

    def condition(self) -> str:
        sign, fact, flag = self.any(("<", "<=", ">", ">=", "==", "!=")), self.any(FACTS), self.any(FLAGS)
        return self.any(
            (
                f"{self.number()} {sign} {self.constant()}",
                f"{fact} {self.any(('<', '>='))} {self.constant()}",
                f"{fact} {self.any(('<', '>='))} {self.any(FACTS)}",
                f"{fact} is {self.any(('', 'not '))}missing",
                f"{self.any(('', 'not '))}{flag}",
                f"default({flag}, {self.any(('True', 'False'))})",
                self.any(TEXTS),
            )
        )

    def when(self, *others: str) -> str:
        return f"{self.condition()} {self.any(('and', 'or'))} {self.any((self.condition(), *others))}"

    def points(self) -> str:
        number = self.number()
        chosen = f"20 if {self.condition()} else {self.constant()}"
        return self.any((self.constant(), number, f"10 * {number}", f"-10 * {number}", chosen))

    def rules(self, most: int, *others: str, **gives: str) -> list[str]:
        """Up to so many rules that give what the text in ``gives`` says; ``*`` stands for points made up."""
        name = self.any("abcdefgh") + str(self.rng.random())[2:]
        return [
            f'{{id: {name}-{i}, when: "{self.when(*others)}", because: x'
            + "".join(f', {key}: "{text.replace("*", self.points())}"' for key, text in gives.items())
            + "}"
            for i in range(self.rng.randrange(most + 1))
        ]

    def row(self) -> str:
        next_update, resolve = self.any(DURATIONS), self.any(DURATIONS)
        when = self.any((self.any(BANDS), f"{self.any(BANDS)} or {self.condition()}"))
        return (
            f'{{when: "{when}", acknowledge: 1h, next_update: {next_update}, resolve: {resolve}, final_response: 8 weeks}}'
        )

    def policy(self) -> Policy:
        """Mostly only one section has rules, so that there is something to prove."""
        sections = ("tiers", "priority", "escalation", "money", "calls", "rows")
        chosen = set(self.any(((self.any(sections),), (self.any(sections),), sections)))
        none: list[str] = []
        return policy(
            tiers=[f'{{tier: {name}, when: "{self.when()}"}}' for name in ("gold", "silver")]
            if "tiers" in chosen
            else TWO_TIERS,
            rules=self.rules(2, *TIERS, points="*") if "priority" in chosen else none,
            escalation=self.rules(2, *TIERS, *BANDS, at_least="senior") if "escalation" in chosen else none,
            recompense=[
                *(self.rules(2, *TIERS, *BANDS, kind="credit", amount="*") if "money" in chosen else none),
                *(self.rules(1, *TIERS, *BANDS, kind="call") if "calls" in chosen else none),
            ],
            rows=[self.row() for _ in range(2)] if "rows" in chosen else none,
        )


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_what_is_proven_has_no_counterexample(seed: int) -> None:
    made = Author(seed).policy()
    done = proven(made)
    for problem in check_fairness(made, seed=seed, cases=40, thorough=True):
        assert problem.code not in done, str(problem)


def test_much_is_proven_of_them() -> None:
    """So that the test above says something: of a hundred policies each demand is proven of twenty at least."""
    found = Counter(code for seed in range(100) for code in proven(Author(seed).policy()))
    assert set(found) == {"loyalty-lowers", "failure-lowers", "case-starves", "commitment-slower"}
    assert min(found.values()) >= 20
