"""A made-up backlog as a contact centre would export it: two Parquet files, always the same for the same numbers."""

from pathlib import Path

import polars as pl
from polars import col

from router.facts import CHANNELS, TOUCHPOINTS
from router.time import DAY, HOUR, parse_instant

FROM = parse_instant("2016-04-01T00:00:00Z")
SPAN = 60 * DAY
NOW = FROM + SPAN
"""The moment at which the backlog is asked for; nothing in it is later."""

ISSUES = (
    "delivery_failed",
    "delivery_late",
    "damaged",
    "faulty",
    "wrong_item",
    "refund_overdue",
    "poor_service",
    "question",
)
KINDS = {
    "customer_contacted": 260,
    "company_replied": 240,
    "statement_made": 80,
    "promise_made": 50,
    "evidence_requested": 45,
    "contact_failed": 40,
    "apology_given": 40,
    "owner_assigned": 40,
    "evidence_received": 35,
    "promise_kept": 30,
    "remedy_offered": 30,
    "redirected": 30,
    "posted_publicly": 10,
    "escalation_requested": 10,
    "remedy_accepted": 8,
    "remedy_rejected": 8,
    "resolution_accepted": 8,
    "closed_by_company": 8,
    "leaving_signalled": 6,
    "escalation_granted": 5,
    "escalation_refused": 5,
    "reopened": 4,
    "public_post_removed": 2,
    "adverse_action_proposed": 2,
    "adverse_action_approved": 1,
    "adverse_action_taken": 1,
    "adverse_action_withdrawn": 1,
    "adverse_action_reversed": 1,
}
"""How many of a thousand events are of each kind."""

CLAIMS = ("delivery was attempted", "the address was unclear", "it was misrouted", "it is on its way", "it is lost")
APOLOGIES = (
    "We are sorry.",
    "Sorry, but the courier lost it.",
    "We apologise for the delay.",
    "Sorry, however busy we are.",
)

_CHANNEL = ("customer_contacted", "contact_failed", "company_replied", "redirected")
_PROMISE = ("promise_made", "promise_kept")
_REMEDY = ("remedy_offered", "remedy_accepted", "remedy_rejected")
_EVIDENCE = ("evidence_requested", "evidence_received")


def made_up_backlog(folder: Path, cases: int, events_per_case: int, customers: int, seed: int = 0) -> tuple[Path, Path]:
    """``cases.parquet`` and ``events.parquet`` in ``folder``: so many cases, with about ``events_per_case`` events each.

    Cases are opened over sixty days, events come in the order of time. Customers are ``C0``, ``C1`` and so on, some with
    several cases, orders ``O0``, ``O1`` and so on; one case in fifty is of a stranger.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "cases.parquet", folder / "events.parquet"
    _cases(cases, customers, seed).sink_parquet(paths[0])
    _events(cases, cases * events_per_case, seed).sink_parquet(paths[1])
    return paths


def _draw(seed: int, below: int) -> pl.Expr:
    """A number below ``below`` for each row, the same on every run."""
    return (col("n").hash(seed) % below).cast(pl.Int64)


def _one_of(values: tuple[str, ...], drawn: pl.Expr) -> pl.Expr:
    """Some of the texts, by place."""
    return pl.lit(pl.Series(values)).gather(drawn)


def _time(microseconds: pl.Expr) -> pl.Expr:
    return microseconds.cast(pl.Datetime("us", "UTC"))


def _cases(cases: int, customers: int, seed: int) -> pl.LazyFrame:
    def draw(place: int, below: int) -> pl.Expr:
        return _draw(1000 * seed + place, below)

    def some(share: int, value: pl.Expr) -> pl.Expr:
        """``value`` in so many of a hundred rows."""
        return pl.when(draw(900 + share, 100) < share).then(value)

    stranger = pl.when(draw(0, 50) == 0)
    return pl.LazyFrame({"n": pl.int_range(cases, eager=True)}).select(
        case_id=pl.format("case-{}", "n"),
        customer_id=stranger.then(pl.format("S{}", "n")).otherwise(pl.format("C{}", draw(1, customers))),
        opened_at=_time(FROM + col("n") * (SPAN // cases)),
        channel=some(90, _one_of(CHANNELS, draw(2, len(CHANNELS)))),
        touchpoint=some(30, _one_of(TOUCHPOINTS, draw(3, len(TOUCHPOINTS)))),
        issue=some(95, _one_of((*ISSUES, "nonsense"), draw(4, len(ISSUES) + 1))),
        order_id=some(70, pl.format("O{}", draw(5, 2 * customers))),
        value_amount=some(80, draw(6, 50_000) / 100.0),
        value_currency=some(80, _one_of(("GBP",) * 19 + ("EUR",), draw(7, 20))),
        brand=some(50, _one_of(("north", "south"), draw(8, 2))),
    )


def _events(cases: int, events: int, seed: int) -> pl.LazyFrame:
    def draw(place: int, below: int) -> pl.Expr:
        return _draw(1000 * seed + 100 + place, below)

    def of(kinds: tuple[str, ...], value: pl.Expr) -> pl.Expr:
        return pl.when(col("kind").is_in(kinds)).then(value)

    kinds = tuple(kind for kind, weight in KINDS.items() for _ in range(weight))
    newest = col("n") * cases // events
    case = newest - draw(0, max(cases, 1)) % pl.min_horizontal(newest + 1, max(cases // 4, 1))
    at = FROM + col("n") * (SPAN // max(events, 1))
    remedy = pl.format("remedy-{}", draw(5, 3))
    rows = pl.LazyFrame({"n": pl.int_range(events, eager=True)}).with_columns(
        kind=_one_of(kinds, draw(1, len(kinds))), case=case, at=at
    )
    return rows.select(
        case_id=pl.format("case-{}", "case"),
        sequence=draw(2, 3),
        at=_time(col("at")),
        # One event in five hundred was sent twice: the second one brings the id of an earlier event of the case.
        event_id=pl.when(draw(3, 500) == 0).then(pl.format("once-{}", "case")).otherwise(pl.format("event-{}", "n")),
        agent_id=pl.when(~col("kind").str.starts_with("customer")).then(pl.format("agent-{}", draw(4, 400))),
        kind="kind",
        channel=of(_CHANNEL, _one_of(CHANNELS, draw(6, len(CHANNELS)))),
        reason=of(("contact_failed",), pl.lit("mailbox full")),
        public=of(("company_replied",), draw(7, 10) == 0),
        automatic=of(("company_replied",), draw(8, 4) == 0),
        topic=of(("statement_made",), _one_of(("delivery", " Delivery", "refund"), draw(9, 3))),
        claim=of(("statement_made",), _one_of(CLAIMS, draw(10, len(CLAIMS)))),
        corrects=of(("statement_made",), draw(11, 5) == 0),
        id=of(_PROMISE, pl.format("promise-{}", draw(12, 3))).fill_null(of(_REMEDY, remedy)),
        due_at=of(("promise_made",), _time(col("at") + draw(13, 72) * HOUR)),
        item=of(_EVIDENCE, _one_of(("photo", "proof_of_purchase", "serial number"), draw(14, 3))),
        text=of(("apology_given",), _one_of(APOLOGIES, draw(15, len(APOLOGIES)))),
        hedged=of(("apology_given",), draw(16, 10) == 0),
        kind_of_remedy=of(("remedy_offered",), _one_of(("credit", "refund", "voucher"), draw(17, 3))),
        amount=of(("remedy_offered",), draw(18, 5_000) / 100.0),
        currency=of(("remedy_offered",), _one_of(("GBP",) * 19 + ("EUR",), draw(19, 20))),
        statutory=of(("remedy_offered",), draw(20, 3) == 0),
        owner_id=of(("owner_assigned",), pl.format("agent-{}", draw(21, 400))),
        kind_of_action=pl.when(col("kind").str.starts_with("adverse")).then(
            _one_of(("suspend_account", "charge"), draw(22, 2))
        ),
        level=of(("adverse_action_approved",), _one_of(("frontline", "senior"), draw(23, 2))),
    )
