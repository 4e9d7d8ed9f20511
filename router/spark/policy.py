"""A policy on its way to an executor: as text, compiled there once in a process, and the same by its digest."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from router.policy.compile import compile_policy
from router.policy.model import Policy


@dataclass(frozen=True, slots=True)
class PolicyText:
    """A policy on its way: its text, its public holidays as days of ISO 8601, and the digest that both have to give."""

    name: str
    text: str
    closed: tuple[str, ...]
    digest: str


@lru_cache(maxsize=4)
def compiled(given: PolicyText) -> Policy:
    """The policy, compiled once in a process. Raises ``ValueError`` if it is not the one that was sent."""
    policy = compile_policy(given.text, given.name, [date.fromisoformat(day) for day in given.closed])
    if policy.digest != given.digest:
        raise ValueError(f"the policy {given.name} has digest {policy.digest} here instead of {given.digest}")
    return policy
