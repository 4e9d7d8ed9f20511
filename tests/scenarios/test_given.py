"""What given data says of a policy."""

from pathlib import Path

import polars as pl

from router.policy.store import read_written
from router.scenarios.choose import PolicyChooser
from router.scenarios.given import facts_of, firing, standing_in
from router.scenarios.load import bind, read_files, scenario_files
from router.scenarios.run import run
from tests.policy.small import write

SHOP = Path(__file__).parent / "shop"


def test_rules_that_never_or_always_fire_in_the_cases_given() -> None:
    outcomes = run(bind(read_files(scenario_files(SHOP / "tests")), PolicyChooser(SHOP, str(SHOP / "1.10.0.yaml"))))
    strangers = [outcome for outcome in outcomes if outcome.scenario.where.endswith("strangers.yaml")]
    written = read_written(SHOP / "1.10.0.yaml")
    assert list(firing(written, outcomes)) == []
    found = list(firing(written, strangers))
    assert {problem.code for problem in found} <= {"never-fires", "always-fires"}
    assert f"rule broken-promise fired in none of the {len(strangers)} cases given" in {p.message for p in found}
    assert all(problem.warning and problem.line for problem in found)
    fired = [rule for outcome in strangers for rule in outcome.observed.fired]
    assert {p.message.split()[1] for p in found if p.code == "never-fires"} == {
        rule.id for rule in written.policy.rules if rule.id not in fired
    }


PROTECTED = """\
facts:
  customer.gender: {type: text, meaning: gender}
protected: [customer.gender]
"""


def test_a_fact_that_stands_in_for_a_protected_one_is_told_with_the_rules_that_read_it(tmp_path: Path) -> None:
    written = read_written(write(tmp_path, more=PROTECTED))
    genders = ["f", "m"] * 100
    facts = pl.DataFrame(
        {
            "customer.gender": genders,
            "customer.tenure_years": [5.0 if gender == "f" else 1.0 for gender in genders],
            "case.chases": [i % 4 // 2 for i in range(200)],
        }
    )
    (problem,) = standing_in(written, facts, "customers")
    assert problem.code == "protected-proxy"
    assert problem.message == (
        "customer.tenure_years goes along with customer.gender: Cramér's V 1.00 over 200 customers, told from 0.3 on; "
        "read by tier gold"
    )
    assert list(standing_in(read_written(write(tmp_path, "1.1.0")), facts, "customers")) == []


def test_the_facts_of_decisions_are_columns() -> None:
    outcomes = run(bind(read_files(scenario_files(SHOP / "tests")), PolicyChooser(SHOP)))
    facts = facts_of(outcomes)
    assert facts.height == len(outcomes)
    assert facts["case.chases"].dtype.is_numeric()
    assert facts["customer.spend"].is_nan().any() is not True
