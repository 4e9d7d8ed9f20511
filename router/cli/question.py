"""The file of ``case-router route``: a case, and beside it the time and the facts of its customer."""

from pydantic import Field

from router.cases.document import CaseDocument, Instant
from router.scenarios.document import Plain


class QuestionDocument(CaseDocument):
    """A case to decide."""

    now: Instant | None = None
    customer: dict[str, Plain] | None = Field(
        None, description="facts by name, without customer.; {known: false} for a stranger"
    )
