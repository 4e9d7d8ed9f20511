"""Real incidents: at five moments of its life each is decided alone as in a table of all that are open then."""

from pathlib import Path

import polars as pl
from polars import col, lit

from examples.service_desk import incidents
from router.bulk.reading import case_frame, event_frame, read_backlog
from router.decide.records import FactRecords, facts_layout
from router.frame.cases import cases_of
from router.frame.customers import of_records
from router.frame.decide import FrameDecider
from router.policy.store import read_policy
from router.time import DAY
from tests.frame.told import by_row, differences, rows_of

ROOT = Path(__file__).parents[2]
POLICY = read_policy(ROOT / "policies" / "service_desk" / "1.0.0.yaml")
EXTRACT = ROOT / "examples" / "service_desk" / "data" / "incident_events.parquet"
WHOLE = ROOT.parent / "shared" / "data" / "service_desk" / "incident_events.parquet"
"""All of them, where they are at hand; elsewhere the extract stands for them."""
MOMENTS, APART = 5, 7 * DAY
"""How many moments of an incident's life, and how far they lie apart; those of one day are decided together."""


def decided_alike(log: Path, folder: Path) -> int:
    """How many decisions were compared; each moment is one ``now`` for all incidents that came in the 35 days before."""
    records = FactRecords(facts_layout(POLICY), POLICY.currency, None, {})
    decider = FrameDecider(POLICY, of_records(records))
    known = incidents.read_log(log).drop(incidents.OUTCOMES).collect().lazy()
    opened = col("opened_at").to_physical()
    first, last = known.select(opened.min().alias("first"), opened.max().alias("last")).collect().row(0)
    compared = 0
    for now in range(first + 4 * DAY // 3, last + MOMENTS * APART + DAY, APART):
        age = lit(now) - opened
        seen = known.filter(age.is_between(0, MOMENTS * APART, closed="left"), col("updated_at").to_physical() <= now)
        if seen.limit(1).collect().is_empty():
            continue
        incidents.cases(seen).sink_parquet(folder / "cases.parquet")
        incidents.events(seen).sink_parquet(folder / "events.parquet")
        backlog = read_backlog([str(folder / "cases.parquet")], [str(folder / "events.parquet")], POLICY)
        assert backlog.events is not None
        cases = case_frame(backlog.cases, POLICY)
        events = event_frame(backlog.events, POLICY)
        alone = by_row(POLICY, records, cases_of(cases.collect(), events.collect()), now)
        assert list(differences(alone, rows_of(decider.decide(cases, events, now))))[:5] == []
        compared += len(alone)
    return compared


def test_each_is_decided_alone_as_in_a_table(tmp_path: Path) -> None:
    log = WHOLE if WHOLE.exists() else EXTRACT
    count = pl.scan_parquet(log).select(col("incident").n_unique()).collect().item()
    # A few have no row yet at their first moment.
    assert 0.999 * count * MOMENTS <= decided_alike(log, tmp_path) <= count * MOMENTS
