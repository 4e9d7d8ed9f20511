"""``policy check`` of 300 rules, as an author waits for it: a process from its start to its end, fairness aside."""

import os
import random
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.figures import Figures, figure, middle
from router.policy.compile import compile_policy
from router.policy.model import Policy
from router.policy.store import shipped_policies

RULES, ROUNDS = 300, 7
FACTS = ("case.chases", "case.contacts", "case.promises_broken", "case.handoffs", "customer.orders_12m", "case.age_hours")
_PRIORITY = "\npriority:\n"
_RULES = "\n  rules:\n"


def policy_text() -> str:
    """The retail policy with so many priority rules more that there are 300 rules; always the same."""
    text = (shipped_policies() / "retail" / "1.0.0.yaml").read_text("utf-8")
    start = text.index(_RULES, text.index(_PRIORITY)) + len(_RULES)
    drawn = random.Random(300)
    more = [_rule(drawn, number) for number in range(RULES - _rules(compile_policy(text, "retail")))]
    return text[:start] + "".join(more) + text[start:]


def _rule(drawn: random.Random, number: int) -> str:
    first, second, third = drawn.sample(FACTS, 3)
    return (
        f"    - id: more-{number}\n"
        f"      when: ({first} > {drawn.randint(1, 9)} and {second} >= {drawn.randint(1, 9)}) "
        f"or ({third} > {10 + number} and tier.rank >= 1)\n"
        f"      points: min({drawn.randint(1, 9)} * {first}, 100)\n"
        f'      because: "{{{first}}} and {{{second}}} of them."\n'
    )


def _rules(policy: Policy) -> int:
    money = (policy.entitlements, policy.recompense)
    return sum(map(len, (policy.priority, policy.escalation, *money, policy.likely_reasons, policy.guidance)))


def measure() -> Figures:
    """``check_seconds``."""
    with TemporaryDirectory() as name:
        file = Path(name) / "retail" / "1.0.0.yaml"
        file.parent.mkdir()
        file.write_text(policy_text(), encoding="utf-8")
        assert _rules(compile_policy(file.read_text("utf-8"), "retail")) == RULES
        command = [str(Path(sys.executable).with_name("case-router")), "policy", "check", "--no-fairness", str(file)]
        compiled = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}  # an installed package has its byte code
        seconds = []
        for _ in range(1 + ROUNDS):
            start = perf_counter()
            done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, env=compiled)
            seconds.append(perf_counter() - start)
            assert "1 policy checked" in done.stdout, done.stdout + done.stderr
    how = f"case-router policy check --no-fairness of {RULES} rules, as a process; median of {ROUNDS}"
    return {"check_seconds": figure(middle(seconds[1:]), "s", "<= 1", how)}
