"""A policy file as it is written: strict, every key known, every id a slug. What it means is compiled in ``compile.py``."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from router.calendar import DURATION_FORMS
from router.facts import VOCABULARY, Direction, Type
from router.money import EXPONENTS, LARGEST_AMOUNT
from router.yaml import Like

Id: TypeAlias = Annotated[str, Like(r"^[a-z0-9][a-z0-9-]{0,79}$", "small letters, digits and -, at most 80")]
Name: TypeAlias = Annotated[str, Like(r"^[a-z][a-z0-9_]*$", "small letters, digits and _, a letter first")]
Condition: TypeAlias = Annotated[str, Field(description="a condition over facts, parameters and earlier results")]
Amount: TypeAlias = Annotated[float | str, Field(description="a number, or an expression that gives one")]
Sentence: TypeAlias = Annotated[str, Field(min_length=1, description="a sentence with facts in {braces}")]
Words: TypeAlias = Annotated[str, Field(pattern=r"\S", description="a name or a title, not blank")]
Version: TypeAlias = Annotated[str, Like(r"^\d+\.\d+\.\d+$", "a version, major.minor.patch, as 1.0.0")]


def _known_as_text(value: object) -> object:
    """YAML reads ``when: true`` as a yes/no; an expression is a text."""
    return str(value) if isinstance(value, bool) else value


When: TypeAlias = Annotated[Condition, BeforeValidator(_known_as_text)]


class Document(BaseModel):
    """Base: unknown keys are errors, values are of their type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class CalendarDocument(Document):
    """Business hours."""

    time_zone: str = Field(description="IANA name, as Europe/London")
    holidays: str | None = Field(
        None, description="country, or country-subdivision, whose public holidays are closed, as GB-ENG"
    )
    hours: dict[str, list[str]] = Field(description="open intervals by weekdays, as mon-fri: ['08:00-20:00']")


class FactDocument(Document):
    """A fact that the policy reads beyond the vocabulary."""

    type: Type = Field(description="what it holds")
    meaning: str = Field(description="what it is, in words")
    unit: str = Field("", description="hours, count, percent …")
    direction: Direction = Field(Direction.NEITHER, description="what a higher value says: of the customer, of the company")


class IssueDocument(Document):
    """What a case can be about."""

    company_failure: bool = Field(description="whether the company failed when a case of this issue comes")
    touchpoint: Literal["evaluating", "purchasing", "gone_wrong", "needs_attention"] | None = Field(
        None, description="where the customer stands, unless the case says so itself"
    )
    meaning: str = Field("", description="what it is, in words")


class ApologyDocument(Document):
    """How apologies are judged."""

    hedges: list[str] = Field(description="words that take back an apology when they follow it")


class TierDocument(Document):
    """A loyalty tier; the first whose condition holds is given, the last has none."""

    tier: Id = Field(description="its name, as rules read it")
    when: When | None = Field(None, description="who has it; the last tier has no condition")
    because: Sentence | None = Field(None, description="why a customer has it; a sentence with facts in braces")


class AgeingDocument(Document):
    """The engine's own points for waiting."""

    points_per_hour: float = Field(gt=0, description="for each hour, waits on the customer left out; more than 0")


class RuleDocument(Document):
    """What every rule has."""

    id: Id = Field(description="its name, used once in the whole policy: reasons, scenarios and the log name it")
    when: When | None = Field(None, description="absent: always")
    enabled: bool = Field(default=True, description="false switches it off")


class PriorityRuleDocument(RuleDocument):
    """Points for a case."""

    points: Amount = Field(description="added to the score; a number, or an expression")
    because: Sentence


class BandsDocument(Document):
    """The least score of each band."""

    P1: float = Field(description="least score of the most urgent band")
    P2: float = Field(description="least score of P2")
    P3: float = Field(description="least score of P3")
    P4: float = Field(0, description="all the rest")


class PriorityDocument(Document):
    """How urgent a case is; higher is sooner."""

    ageing: AgeingDocument = Field(description="the engine's own points for waiting")
    bands: BandsDocument = Field(description="the least score of each band")
    rules: list[PriorityRuleDocument] = Field([], description="points that add up to the score")


class LevelDocument(Document):
    """An escalation level."""

    level: Id = Field(description="its name, as rules read it; the one named senior decides on adverse actions")
    role: Words
    may_approve: float = Field(0, ge=0, le=LARGEST_AMOUNT, description="amount of recompense that it may approve alone")


class OutsideDocument(Document):
    """The body above the last level."""

    name: Words
    because: Sentence


class EscalationRuleDocument(RuleDocument):
    """A least level."""

    at_least: Id = Field(description="the lowest level that a case has while this holds")
    because: Sentence


class EscalationDocument(Document):
    """Who handles a case, lowest level first."""

    levels: list[LevelDocument] = Field(min_length=1, max_length=100, description="the lowest first")
    outside: OutsideDocument = Field(description="the body above the last level, whom the customer may ask")
    rules: list[EscalationRuleDocument] = Field([], description="what takes a case up; the highest that holds counts")


class EntitlementDocument(RuleDocument):
    """What the law or a stated guarantee gives anyway."""

    what: Sentence
    source: Words


class CapsDocument(Document):
    """Limits of recompense in money, in major units."""

    per_case: float = Field(ge=0, le=LARGEST_AMOUNT, description="most goodwill in one case")
    per_customer_12m: float = Field(ge=0, le=LARGEST_AMOUNT, description="most goodwill for one customer in twelve months")
    share_of_price: float = Field(ge=0, description="most goodwill and refund, as a share of the value at stake: 1.5")


class RecompenseRuleDocument(RuleDocument):
    """A suggestion of recompense; one without an amount is not money."""

    kind: Name = Field(description="credit, delivery_refund, gift, personal_call …")
    amount: Amount | None = Field(None, description="money in major units: a number or an expression; absent: no money")
    value: float = Field(1, ge=0, description="what funding it is worth, for a budget; 0 or more")
    because: Sentence


class RecompenseDocument(Document):
    """Recompense beyond the statutory entitlement."""

    caps: CapsDocument = Field(description="limits of all money together")
    rules: list[RecompenseRuleDocument] = Field([], description="suggestions; the caps cut the last ones first")


class CommitmentDocument(Document):
    """Deadlines; the first row whose condition holds is taken, the last has none."""

    when: When | None = Field(None, description="which cases; the last row has no condition")
    acknowledge: str = Field(description=f"first reply, an automatic one too: {DURATION_FORMS}")
    next_update: str = Field(description=f"each next word, from the last one: {DURATION_FORMS}")
    resolve: str = Field(description=f"accepted by the customer, waits on them left out: {DURATION_FORMS}")
    final_response: str = Field(description=f"the last word of the company: {DURATION_FORMS}")


class ChannelDocument(Document):
    """A channel by which the company replies."""

    hours: Literal["calendar", "always"] = Field(description="whether it works during business hours, or always")
    speed: int = Field(ge=1, description="1 is the fastest")


class LikelyReasonDocument(RuleDocument):
    """Why the customer probably writes."""

    because: Sentence


class GuidanceDocument(RuleDocument):
    """A short instruction for the agent."""

    say: Sentence


class SwitchesDocument(Document):
    """Kill switches."""

    money: bool = Field(default=True, description="false: no amounts are suggested")


class SnapshotDocument(Document):
    """What is asked of the CRM snapshot."""

    oldest: str = Field("48h", description=f"age above which decisions warn; {DURATION_FORMS}")


class PolicyDocument(Document):
    """One version of one policy."""

    policy: Name = Field(description="its name, and that of its folder")
    version: Version = Field(description="major.minor.patch, and the name of this file; what was released never changes")
    description: str = Field("", description="what it is for, in words")
    currency: str = Field(description="ISO 4217, as GBP: all money of the policy")
    calendar: CalendarDocument | None = Field(None, description="business hours; absent: open at all times")
    facts: dict[str, FactDocument] = Field({}, description="facts beyond the vocabulary, as case.team")
    protected: list[str] = Field([], description="facts that no rule may read, as customer.gender")
    parameters: dict[str, float | bool | str | list[str] | list[float]] = Field(
        {}, description="named values, so that a number with a meaning stands in one place"
    )
    issues: dict[str, IssueDocument] = Field({}, description="what a case can be about")
    apology: ApologyDocument = Field(ApologyDocument(hedges=[]), description="how apologies are judged")
    tiers: list[TierDocument] = Field(min_length=1, max_length=100, description="loyalty; the first that fits is given")
    priority: PriorityDocument = Field(description="how urgent a case is; higher is sooner")
    escalation: EscalationDocument = Field(description="who handles a case")
    entitlements: list[EntitlementDocument] = Field([], description="what the law or a guarantee gives anyway")
    recompense: RecompenseDocument | None = Field(None, description="what is suggested beyond the entitlements")
    commitments: list[CommitmentDocument] = Field(
        min_length=1, max_length=200, description="deadlines; the first row that fits is taken"
    )
    channels: dict[Literal["phone", "email", "chat", "social", "web", "letter", "in_person"], ChannelDocument] = Field(
        {}, description="by which the company replies"
    )
    likely_reasons: list[LikelyReasonDocument] = Field([], description="why the customer probably writes")
    guidance: list[GuidanceDocument] = Field([], description="short instructions for the agent")
    switches: SwitchesDocument = Field(SwitchesDocument(), description="kill switches")
    snapshot: SnapshotDocument = Field(SnapshotDocument(), description="what is asked of the CRM snapshot")

    @field_validator("currency")
    @classmethod
    def _iso(cls, value: str) -> str:
        if value not in EXPONENTS:
            message = f"{value!r} is no ISO 4217 currency"
            raise ValueError(message)
        return value


def json_schema() -> str:
    """The JSON Schema of a policy file, for editors: its keys, and the facts that its expressions may read."""
    schema = _named(PolicyDocument.model_json_schema(by_alias=True))
    facts = "; ".join(f"{fact.name} ({fact.type.value}): {fact.meaning}" for fact in VOCABULARY.values())
    parts = {name: {**part, "description": f"{part['description']}. Facts: {facts}"} for name, part in _EXPRESSIONS.items()}
    schema["$defs"] = {**parts, **schema["$defs"]}
    schema["properties"]["facts"]["propertyNames"] = {
        "pattern": r"^(case|customer)\.[a-z][a-z0-9_]*$",
        "not": {"enum": list(VOCABULARY)},
    }
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Policy"}
    return json.dumps(head | schema | head, indent=2, ensure_ascii=False) + "\n"


_EXPRESSIONS: Mapping[str, dict[str, Any]] = {
    "Condition": {"type": ["string", "boolean"], "description": "a condition over facts, parameters and earlier results"},
    "Amount": {"type": ["number", "string"], "description": "a number, or an expression that gives one"},
}


def _named(part: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """A schema in which every expression is a reference to what is said of it once."""
    if isinstance(part, list):
        return [_named(item) for item in part]
    if not isinstance(part, dict):
        return part
    for name, expression in _EXPRESSIONS.items():
        if part.get("description") == expression["description"]:
            kept = {key: value for key, value in part.items() if key in {"default", "title"}}
            return {"$ref": f"#/$defs/{name}", **kept}
    return {key: _named(value) for key, value in part.items()}
