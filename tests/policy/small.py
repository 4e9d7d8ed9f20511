"""A policy as short as one can be, to try things on."""

from pathlib import Path

SMALL = """\
policy: small
version: 1.0.0
currency: GBP
tiers:
  - tier: gold
    when: customer.tenure_years >= 3
  - tier: standard
priority:
  ageing: {points_per_hour: 2}
  bands: {P1: 700, P2: 450, P3: 200}
  rules:
    - id: chased
      when: case.chases > 0
      points: 10 * case.chases
      because: The customer had to ask {case.chases} time(s) again.
escalation:
  levels:
    - {level: frontline, role: agent, may_approve: 20}
    - {level: senior, role: senior agent, may_approve: 75}
  outside: {name: ombudsman, because: The company ends here.}
commitments:
  - {acknowledge: 1h, next_update: 1 day, resolve: 3 days, final_response: 8 weeks}
"""
CALENDAR = """\
calendar:
  time_zone: Europe/London
  holidays: GB-ENG
  hours: {mon-fri: ["08:00-20:00"]}
"""


def write(root: Path, version: str = "1.0.0", *, name: str = "small", more: str = "") -> Path:
    """Put the small policy below ``root``, under a version, with ``more`` at its end."""
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{version}.yaml"
    path.write_text(SMALL.replace("1.0.0", version).replace("policy: small", f"policy: {name}") + more)
    return path
