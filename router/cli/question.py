"""The file of ``case-router route``: a case, and beside it the time and the facts of its customer."""

from typing import Any

from pydantic import Field

from router.cases.document import CaseDocument, Instant
from router.policy.document import Document
from router.scenarios.document import Plain
from router.yaml import Source


class QuestionDocument(Document):
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
