"""A small policy to build others from."""

from collections.abc import Sequence

from router.policy.compile import compile_policy
from router.policy.model import Policy

SMALL = """\
policy: small
version: 1.0.0
currency: GBP
calendar: {{time_zone: Europe/London, hours: {{mon-fri: ["09:00-17:00"]}}}}
facts:
  customer.stars: {{type: integer, direction: loyalty, meaning: stars}}
  case.repairs: {{type: integer, direction: failure, meaning: repairs}}
issues:
  late: {{company_failure: true, touchpoint: gone_wrong}}
  question: {{company_failure: false, touchpoint: evaluating}}
tiers:
{tiers}
  - tier: standard
priority:
  ageing: {{points_per_hour: 2}}
  bands: {{P1: 300, P2: 200, P3: 100, P4: 0}}
  rules: [{rules}]
escalation:
  levels:
    - {{level: frontline, role: agent}}
    - {{level: senior, role: senior agent}}
    - {{level: specialist, role: specialist}}
  outside: {{name: ombudsman, because: The end.}}
  rules: [{escalation}]
recompense:
  caps: {{per_case: 50, per_customer_12m: 120, share_of_price: 1.5}}
  rules: [{recompense}]
commitments:
{rows}
  - {{acknowledge: 1h, next_update: 8h, resolve: 3 business days, final_response: 8 weeks}}
"""


def policy(
    *,
    tiers: Sequence[str] = ("{tier: silver, when: customer.tenure_years >= 1}",),
    rules: Sequence[str] = (),
    escalation: Sequence[str] = (),
    recompense: Sequence[str] = (),
    rows: Sequence[str] = (),
) -> Policy:
    """The small policy with these tiers (above the last), rules and rows (before the last), each as YAML in braces."""
    return compile_policy(
        SMALL.format(
            tiers="\n".join(f"  - {tier}" for tier in tiers),
            rules=", ".join(rules),
            escalation=", ".join(escalation),
            recompense=", ".join(recompense),
            rows="\n".join(f"  - {row}" for row in rows),
        ),
        "small.yaml",
    )
