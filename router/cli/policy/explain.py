"""``case-router policy explain``."""

from collections.abc import Iterator
from dataclasses import asdict
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any

import typer

from router.cli.common import (
    AsJson,
    CaseFile,
    PolicyName,
    PolicyVersion,
    Root,
    SnapshotFolder,
    Time,
    policies_root,
    print_json,
)

if TYPE_CHECKING:
    from router.decide.trace import Part, Section, Traced

MARKS = {True: "yes", False: "no ", None: "?  "}
"""Whether a condition is true; what is unknown is neither."""


def explain(
    file: CaseFile,
    *,
    rule: Annotated[list[str] | None, typer.Option(help="Only this rule, tier or row of commitments.")] = None,
    snapshot: SnapshotFolder = None,
    policy: PolicyName = "",
    policy_version: PolicyVersion = "",
    policies: Root = None,
    now: Time = "",
    as_json: AsJson = False,
) -> None:
    """Explain a decision rule by rule: each of every section, fired or not, with the values that decided it.

    The file is one of `case-router route`. Before each condition stands whether it is true: yes, no, or ? where a fact that
    it reads is missing. Of tiers and commitments the first that fits is taken; rules that are switched off are told as such.
    """
    from router.cli.question import ask
    from router.decide.decider import Decider
    from router.decide.trace import Section, Tracer

    asked = ask(file, policies_root(policies), policy=policy, version=policy_version, now=now, snapshot=snapshot)
    decision = Decider(asked.policy, asked.records).decide(asked.case, asked.text.encode(errors="surrogatepass"), asked.now)
    sections = Tracer(asked.policy, asked.records).trace(decision)
    if rule:
        _all_known(rule, sections)
        chosen = (Section(each.name, tuple(r for r in each.rules if r.id in rule)) for each in sections)
        sections = tuple(section for section in chosen if section.rules)
    if as_json:
        told = [_plain(asdict(section)) for section in sections]
        print_json({"case": asked.case.id, "policy": asked.policy.name, "version": asked.policy.version, "sections": told})
        return
    for section in sections:
        typer.echo(section.name.replace("_", " ").capitalize())
        for traced in section.rules:
            for line in _told(traced):
                typer.echo(f"  {line}")


def _all_known(wanted: list[str], sections: "tuple[Section, ...]") -> None:
    from router.errors import PolicyError, Problem, nearby

    known = [traced.id for section in sections for traced in section.rules]
    problems = [Problem("unknown-value", f"no rule {name}; {nearby(name, known)}") for name in wanted if name not in known]
    if problems:
        raise PolicyError(problems)


def _told(traced: "Traced") -> Iterator[str]:
    from router.scenarios.check import told

    gives = traced.why_not or "; ".join(f"{what} = {told(value)}" for what, value in traced.gives)
    yield f"{MARKS[traced.fired]} {traced.id}" + (f": {gives}" if gives else "")
    if traced.condition is not None:
        for line in _lines(traced.condition):
            yield f"      {line}"


def _lines(part: "Part") -> Iterator[str]:
    from router.scenarios.check import told

    if part.parts:
        yield f"{MARKS[part.truth]} {part.joined}"
        for below in part.parts:
            for line in _lines(below):
                yield f"    {line}"
        return
    values = ", ".join(f"{name} = {told(value)}" for name, value in part.values)
    yield f"{MARKS[part.truth]} {part.text}" + (f"  ({values})" if values else "")


def _plain(data: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """The data with null where a number is missing."""
    if isinstance(data, dict):
        return {key: _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    return None if isinstance(data, float) and not isfinite(data) else data
