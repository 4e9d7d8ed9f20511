"""The file of ``case-router route``: a case, and beside it the time and the facts of its customer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from pydantic import Field

from router.cases.document import CaseDocument, Given, Instant
from router.cases.model import Case
from router.cli.common import instant
from router.decide.model import Records
from router.decide.records import FactRecords, facts_layout, read_facts
from router.errors import CaseError, Problem
from router.policy.model import Policy
from router.policy.store import named_shelf, read_policy
from router.scenarios.document import Plain
from router.scenarios.load import CUSTOMER, ORDER
from router.yaml import Source, load


class QuestionDocument(Given):
    """A case to decide, as a scenario writes it; what is expected of a scenario is left out of account."""

    name: str = ""
    policy: str = ""
    policy_version: str = ""
    now: Instant | None = None
    customer: dict[str, Plain] | None = Field(
        None, description="facts by name, without customer.; {known: false} for a stranger"
    )
    case: CaseDocument
    expect: Any = None
    better_than: str = ""


class BareQuestionDocument(CaseDocument):
    """The same with the keys of the case beside the others."""

    now: Instant | None = None
    customer: dict[str, Plain] | None = None


def read_question(source: Source) -> QuestionDocument | None:
    """The question of a file in either form, or ``None`` with its mistakes in ``source.problems``."""
    if isinstance(source.data, dict) and "case" in source.data:
        return source.read(QuestionDocument)
    bare = source.read(BareQuestionDocument)
    return None if bare is None else QuestionDocument.model_construct(now=bare.now, customer=bare.customer, case=bare)


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be decided, by which policy, from which records, at which time; ``text`` is the file's."""

    text: str
    policy: Policy
    case: Case
    records: Records
    now: int


def ask(file: Path, root: Path, *, policy: str, version: str, now: str, snapshot: Path | None) -> Question:
    """The question of a file (``-``: of the input), as the options have it. Raises :class:`RouterError`."""
    text = _read(file)
    source = load(text, str(file))
    given = instant(now, "--now") if now else None
    document = read_question(source)
    if document is None:
        raise CaseError(source.problems)
    stated = document.now if given is None else given
    at = instant("", "") if stated is None else stated
    chosen = named_policy(policy or document.policy or "retail", version or document.policy_version, root, at)
    case, records = _with_records(source, document, chosen, at, snapshot)
    return Question(text, chosen, case, records, at)


def _with_records(
    source: Source, document: QuestionDocument, policy: Policy, now: int, snapshot: Path | None
) -> tuple[Case, Records]:
    """The case, and the records of its customer: those of the file, or a snapshot."""
    layout = facts_layout(policy)
    facts, mistakes = read_facts(document.customer or {}, layout)
    source.problems += [
        source.problem(code, said, ("customer", key), key=code == "unknown-fact") for key, code, said in mistakes
    ]
    if document.customer is not None and snapshot is not None:
        said = "the facts of the customer stand in the file; leave them out, or --snapshot"
        source.problems.append(source.problem("bad-value", said, ("customer",), key=True))
    if source.problems:
        raise CaseError(source.problems)
    case = document.case.case(document.name or Path(source.name).stem, policy.currency, policy.facts)
    if document.customer is not None and not case.customer_id:
        case = case._replace(customer_id=CUSTOMER)
    on_record = document.case.order_on_record
    if on_record is not None and not case.order_id:
        case = case._replace(order_id=ORDER)
    if snapshot is not None:
        from router.crm.snapshot import Snapshot

        return case, Snapshot.open(snapshot)
    given = document.customer is not None
    known = {case.customer_id: facts} if given and facts is not None else {}
    orders = None if on_record is None else {case.order_id: on_record}
    return case, FactRecords(layout, policy.currency, now if given else None, known, orders)


def _read(file: Path) -> str:
    try:
        return typer.get_binary_stream("stdin").read().decode() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError([Problem("bad-file", f"cannot be read: {error}", str(file))]) from error


def named_policy(name: str, version: str, root: Path, now: int) -> Policy:
    """A policy by its file, or by its name below ``root``: a version, else that in force. Raises ``RouterError``."""
    if Path(name).is_file():
        return read_policy(Path(name))
    return named_shelf(root, name).get(version, now)
