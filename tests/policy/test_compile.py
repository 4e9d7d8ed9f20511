"""What a policy's text becomes."""

import json
import re
from pathlib import Path

import pytest

from router.errors import PolicyError
from router.facts import CASE_FACTS, CUSTOMER_FACTS, VOCABULARY
from router.policy.compile import compile_policy, digest_of
from router.policy.document import json_schema
from router.policy.expression import names, write
from router.policy.model import Policy
from router.policy.row import compile_row
from router.policy.store import read_policy
from tests.policy.small import CALENDAR, SMALL

ROOT = Path(__file__).parents[2]


def compiled(text: str) -> Policy:
    return compile_policy(text, "small.yaml")


def changed(old: str, new: str, *, text: str = SMALL) -> str:
    assert old in text
    return text.replace(old, new)


def wrong(text: str) -> str:
    with pytest.raises(PolicyError) as caught:
        compiled(text)
    return str(caught.value.problems[0]).splitlines()[0]


def test_parameters_are_written_into_conditions_and_sentences() -> None:
    policy = compiled(
        changed("case.chases > 0", "case.chases > most and customer.plan in plans", text=SMALL)
        .replace("ask {case.chases}", "ask {most} of {plans}")
        .replace("tiers:", "parameters: {most: 2, plans: [premier, basic]}\ntiers:")
    )
    (rule,) = policy.priority
    assert write(rule.when) == "(case.chases > 2) and (customer.plan in ('premier', 'basic'))"
    assert rule.because.texts == ("The customer had to ask 2 of premier, basic time(s) again.",)


def test_company_failure_is_unknown_where_the_issue_is() -> None:
    issues = "issues:\n  damaged: {company_failure: true}\n  question: {company_failure: false}\ntiers:"
    policy = compiled(changed("case.chases > 0", "not issue.company_failure").replace("tiers:", issues))
    assert write(policy.priority[0].when) == "case.issue not in ('damaged')"


def test_yaml_may_say_true_where_a_condition_stands() -> None:
    assert write(compiled(changed("case.chases > 0", "true")).priority[0].when) == "True"


def test_a_rule_without_a_condition_always_fires() -> None:
    assert names(compiled(changed("      when: case.chases > 0\n", "")).priority[0].when) == frozenset()


def test_a_rule_that_is_switched_off_is_left_out_and_checked_all_the_same() -> None:
    off = changed("    - id: chased\n", "    - id: chased\n      enabled: false\n")
    assert compiled(off).priority == ()
    assert "no fact case.chasses" in wrong(changed("case.chases > 0", "case.chasses > 0", text=off))


def test_without_money_only_suggestions_of_money_are_left_out() -> None:
    rules = """\
recompense:
  caps: {per_case: 50, per_customer_12m: 120, share_of_price: 1}
  rules:
    - {id: credit, kind: credit, amount: 5, because: a}
    - {id: call, kind: personal_call, because: b}
"""
    assert [rule.id for rule in compiled(SMALL + rules).recompense] == ["credit", "call"]
    assert [rule.id for rule in compiled(SMALL + rules + "switches: {money: false}\n").recompense] == ["call"]


def test_texts_are_compared_after_normalisation() -> None:
    decomposed = "cafe\u0301"
    policy = compiled(
        changed("case.chases > 0", f"case.brand == '{decomposed}' or case.brand == own", text=SMALL).replace(
            "tiers:", f"parameters: {{own: {decomposed}}}\ntiers:"
        )
    )
    assert write(policy.priority[0].when) == "(case.brand == 'café') or (case.brand == 'café')"


def test_the_senior_level_is_the_one_of_that_name_else_the_second() -> None:
    assert compiled(SMALL).senior == 1
    assert compiled(changed("level: senior", "level: expert")).senior == 1
    assert compiled(changed("    - {level: senior, role: senior agent, may_approve: 75}\n", "")).senior == 0
    assert (
        compiled(changed("level: frontline", "level: senior").replace("senior, role: senior agent", "top, role: a")).senior
        == 0
    )


def test_expressions_nest_a_hundred_deep_and_no_deeper() -> None:
    def nested(depth: int) -> str:
        return changed("case.chases > 0", "not " * (depth - 2) + "customer.subscribed")

    assert compiled(nested(100)).priority
    assert "an expression nests at most 100 deep [bad-expression]" in wrong(nested(101))
    assert "too many nested parentheses" in wrong(changed("case.chases > 0", "(" * 300 + "customer.subscribed" + ")" * 300))


def test_an_expression_has_an_end() -> None:
    assert "an expression has at most 20000 characters" in wrong(
        changed("case.chases > 0", "case.chases > 0" + " or case.chases > 1" * 1100)
    )


def many(tiers: int, rows: int) -> str:
    more_tiers = "".join(f"  - {{tier: t{i}, when: customer.orders > {900 - i}}}\n" for i in range(tiers - 2))
    spans = "acknowledge: 1h, next_update: 1 day, resolve: 3 days, final_response: 8 weeks"
    more_rows = "".join(f"  - {{when: score > {900 - i}, {spans}}}\n" for i in range(rows - 1))
    return changed("tiers:\n", "tiers:\n" + more_tiers).replace("commitments:\n", "commitments:\n" + more_rows)


def test_a_hundred_tiers_and_two_hundred_rows_of_commitments_can_be_run_and_no_more() -> None:
    policy = compiled(many(100, 200))
    compile_row(policy.plan, ["tier", "commitments.row"], CUSTOMER_FACTS, CASE_FACTS)
    assert "tiers: List should have at most 100 items" in wrong(many(101, 200))
    assert "commitments: List should have at most 200 items" in wrong(many(100, 201))


def test_the_digest_is_of_the_text_and_the_holidays() -> None:
    policy = compiled(SMALL + CALENDAR)
    assert policy.digest != compiled(SMALL).digest
    assert policy.digest != compile_policy(SMALL + CALENDAR, "small.yaml", ()).digest
    assert compiled(SMALL).digest == digest_of(SMALL.replace("\n", "\r\n"), ())


def test_the_schema_for_editors_is_the_one_that_is_checked() -> None:
    """``case-router policy schema > policies/schema.json`` puts it right."""
    assert (ROOT / "policies" / "schema.json").read_text() == json_schema()


def test_the_schema_describes_every_key() -> None:
    schema = json.loads(json_schema())
    parts = {"policy": schema, **schema["$defs"]}
    keys = {f"{name}.{key}": each for name, part in parts.items() for key, each in part.get("properties", {}).items()}
    names = {each["$ref"].rpartition("/")[2] for each in keys.values() if "$ref" in each}
    assert len(keys) > 80
    assert names <= schema["$defs"].keys()
    bare = [key for key, each in keys.items() if not (each.get("description") or "$ref" in each)]
    assert bare == []
    assert [name for name in names if not schema["$defs"][name].get("description")] == []


@pytest.mark.parametrize("path", sorted((ROOT / "policies").glob("*/*.*.*.yaml")), ids=lambda path: path.parent.name)
def test_shipped_policies_name_their_schema_to_editors(path: Path) -> None:
    said = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text())
    assert said is not None
    assert (path.parent / said[1]).resolve() == ROOT / "policies" / "schema.json"


def test_the_schema_names_every_fact() -> None:
    schema = json_schema()
    assert [name for name in VOCABULARY if name not in schema] == []


@pytest.mark.parametrize("path", sorted((ROOT / "policies").glob("*/[0-9]*.yaml")), ids=lambda path: path.parent.name)
def test_the_shipped_policies_compile(path: Path) -> None:
    assert read_policy(path).name == path.parent.name
