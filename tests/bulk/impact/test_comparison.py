"""Who is treated differently: the counts are those of deciding each case alone by both versions."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from router.bulk.impact.comparison import GAINED, LOST, MIXED, Comparison, compare
from router.bulk.impact.figures import figures
from router.bulk.impact.population import BacklogCases, Versions, backlog_cases, logged_cases
from router.bulk.parts import split
from router.decide.decider import Decider, terms_of
from router.decide.model import Decision
from router.errors import LogError, PolicyError, TableError
from router.frame.customers import of_records
from router.frame.decide import FrameDecider
from router.frame.tables import frames_of
from router.log.decisions import open_log
from router.log.record import Manner
from router.policy.store import read_policy
from tests.bulk.backlog import EXAMPLE, NOW, customers
from tests.bulk.impact.versions import RETAIL, cases, records, versions
from tests.frame.backlogs import NIGHT
from tests.log.records import KEY, TODAY

MANY = 400
AT = NIGHT + 40 * 3_600_000_000


@pytest.fixture(scope="module")
def pairs() -> list[tuple[Decision, Decision]]:
    """Each case decided alone by both versions."""
    before, after = (Decider(policy, records(policy, NIGHT)) for policy in versions())
    return [(before.decide(case, b"", AT), after.decide(case, b"", AT)) for case in cases(MANY)]


def backlog(folder: Path, parts: int) -> BacklogCases:
    """The same cases as tables, cut into parts."""
    both = versions()
    tables, events = frames_of(cases(MANY), terms_of(both.before))
    cut = split(tables.drop("attribute_notices"), folder / "cases", parts)
    deciders = [FrameDecider(policy, of_records(records(policy, NIGHT))) for policy in both]
    happened = split(events, folder / "events", parts)
    return BacklogCases(both, "", (), (cut, cut), happened, (deciders[0], deciders[1]), AT)


def test_a_backlog_is_counted_as_if_each_case_were_decided_alone(
    tmp_path: Path, pairs: Sequence[tuple[Decision, Decision]]
) -> None:
    found = compare(backlog(tmp_path, 3))
    hold(found, pairs)
    assert found.accepted > 0
    assert min(found.changed.values()) > 0  # nothing is counted in vain


def test_a_log_is_counted_as_if_the_last_decision_of_each_case_were_made_alone(
    tmp_path: Path, pairs: Sequence[tuple[Decision, Decision]]
) -> None:
    log = open_log(tmp_path, Manner(KEY, hash_ids=False))
    earlier = Decider(versions().before, records(versions().before, NIGHT))
    first = [earlier.decide(case, b"", NIGHT) for case in cases(MANY)[:50]]  # they are decided again later
    for place, decision in enumerate([*first, *(before for before, _ in pairs)]):
        log.keep([log.line(decision, TODAY + place)], TODAY + place)
    log.close()
    hold(compare(logged_cases(versions(), tmp_path)), pairs)
    later = logged_cases(versions(), tmp_path, since=TODAY + 50 + MANY - 7)
    assert later.records.height == 7
    with pytest.raises(LogError, match="no decision of the policy retail"):
        logged_cases(versions(), tmp_path, until=TODAY)


def hold(found: Comparison, pairs: Sequence[tuple[Decision, Decision]]) -> None:
    """Compare every count with a count of decisions one by one."""
    waiting = [pair for pair in pairs if pair[0].fact("case.status") != "accepted"]
    assert (found.cases, found.accepted) == (len(waiting), len(pairs) - len(waiting))
    assert found.tiers == Counter((a.tier.name, b.tier.name) for a, b in waiting)
    assert found.bands == Counter((a.band, b.band) for a, b in waiting)
    assert found.levels == Counter((a.level.name, b.level.name) for a, b in waiting)
    for place, sums in enumerate(found.recompense):
        expected: Counter[str] = Counter()
        for pair in waiting:
            expected[pair[place].tier.name] += pair[place].total
        assert sums == expected
    effects: Counter[tuple[str, str, str]] = Counter()
    balance: Counter[tuple[str, str]] = Counter()
    changed = 0
    for a, b in waiting:
        then, now = ({rule.id for rule in each.entitlements} for each in (a, b))
        up = {
            "score": b.score > a.score,
            "recompense": b.total > a.total,
            "level": b.level.rank > a.level.rank,
            "entitlements": bool(now - then),
        }
        down = {
            "score": b.score < a.score,
            "recompense": b.total < a.total,
            "level": b.level.rank < a.level.rank,
            "entitlements": bool(then - now),
        }
        effects.update((a.tier.name, name, GAINED) for name, yes in up.items() if yes)
        effects.update((a.tier.name, name, LOST) for name, yes in down.items() if yes)
        if any(up.values()) or any(down.values()):
            way = MIXED if any(up.values()) and any(down.values()) else GAINED if any(up.values()) else LOST
            balance[a.tier.name, way] += 1
        changed += any(up.values()) or any(down.values()) or (a.tier.name, a.band) != (b.tier.name, b.band)
    assert found.effects == effects
    assert found.balance == balance
    assert found.changed["any"] == changed > 20
    assert len({way for _, way in balance}) > 1
    _hold_moves(found, waiting)


def _hold_moves(found: Comparison, waiting: Sequence[tuple[Decision, Decision]]) -> None:
    by_size = sorted(
        waiting, key=lambda p: (-abs(p[1].score - p[0].score), -abs(p[1].total - p[0].total), p[0].state.case.id)
    )
    assert [move.case_id for move in found.moves] == [a.state.case.id for a, _ in by_size[:10]]
    for move, (a, b) in zip(found.moves, by_size, strict=False):
        assert move.score == (a.score, b.score)
        assert move.recompense == (a.total, b.total)
        assert sum(reason.points for reason in move.reasons) == b.score - a.score
        assert sum(reason.amount for reason in move.reasons) == b.total - a.total
        fires = {reason.rule: reason.fires for reason in move.reasons if reason.fires}
        then, now = set(a.fired), set(b.fired)
        assert {rule for rule, when in fires.items() if when == "only after"} == now - then
        assert {rule for rule, when in fires.items() if when == "only before"} == then - now


def test_a_backlog_in_files_is_read_as_a_run_reads_it() -> None:
    files = [str(EXAMPLE / "cases.csv")], [str(EXAMPLE / "events.csv")]
    with backlog_cases(versions(), *files, lambda _: customers(), NOW) as population:
        found = compare(population)
    assert (found.cases, found.accepted) == (7, 1)
    assert found.remarks == ("events: 1 of 24 rows are of cases that are not in the backlog",)
    with (
        pytest.raises(TableError, match="no such file"),
        backlog_cases(versions(), ["x.csv"], [], lambda _: customers(), NOW),
    ):
        pass


def test_money_of_two_currencies_is_not_compared(tmp_path: Path) -> None:
    both = versions()
    text = (EXAMPLE.parents[1] / "policies" / "retail" / "1.0.0.yaml").read_text()
    (tmp_path / "1.1.0.yaml").write_text(text.replace("currency: GBP", "currency: EUR"))
    other = Versions(both.before, read_policy(tmp_path / "1.1.0.yaml"))
    with pytest.raises(PolicyError, match="the money of the one is in GBP, of the other in EUR"):
        logged_cases(other, tmp_path)


def test_nothing_changes_between_a_version_and_itself(tmp_path: Path) -> None:
    population = backlog(tmp_path, 1)
    same = Versions(population.versions.before, population.versions.before)
    alike = BacklogCases(same, "", (), population.cases, population.events, (population.deciders[0],) * 2, AT)
    found = compare(alike)
    assert (found.changed.total(), found.balance, found.moves) == (0, Counter(), [])


@pytest.mark.parametrize(
    ("old", "new", "moved"),
    [
        ("frontline", "first-line", True),
        ("- {level: specialist", "- {level: lead, role: team lead, may_approve: 100}\n    - {level: specialist", False),
    ],
)
def test_levels_of_another_ladder_are_compared_by_name(tmp_path: Path, old: str, new: str, *, moved: bool) -> None:
    population = backlog(tmp_path, 1)
    text = RETAIL.read_text()
    assert old in text
    (tmp_path / "1.1.0.yaml").write_text(text.replace(old, new))
    other = read_policy(tmp_path / "1.1.0.yaml")
    both = Versions(population.versions.before, other)
    deciders = population.deciders[0], FrameDecider(other, of_records(records(other, NIGHT)))
    found = compare(BacklogCases(both, "", (), population.cases, population.events, deciders, AT))
    assert (found.changed["level"] > 0) is moved
    assert found.balance == Counter()
    escalated = figures(found)["escalated"]
    assert escalated.after == escalated.before
    assert 0 < escalated.after < found.cases


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("    acknowledge: 30m\n", "    acknowledge: 20m\n", "commitments"),
        (
            "level: frontline, role: customer care agent, may_approve: 20",
            "level: frontline, role: agent, may_approve: 1",
            "suggestions",
        ),
    ],
)
def test_who_has_other_deadlines_or_needs_approval_is_counted_on_a_backlog_and_on_a_log(
    tmp_path: Path, old: str, new: str, what: str
) -> None:
    population = backlog(tmp_path, 2)
    text = RETAIL.read_text()
    assert old in text
    (tmp_path / "1.1.0.yaml").write_text(text.replace(old, new))
    both = Versions(population.versions.before, read_policy(tmp_path / "1.1.0.yaml"))
    deciders = [Decider(policy, records(policy, NIGHT)) for policy in both]
    pairs = [[decider.decide(case, b"", AT) for decider in deciders] for case in cases(MANY)]
    expected = sum(differ(*pair) for pair in pairs if pair[0].fact("case.status") != "accepted")
    assert 0 < expected < MANY
    frames = (
        FrameDecider(both.before, population.deciders[0].customers),
        FrameDecider(both.after, of_records(records(both.after, NIGHT))),
    )
    log = open_log(tmp_path / "log", Manner(KEY, hash_ids=False))
    for place, (decision, _) in enumerate(pairs):
        log.keep([log.line(decision, TODAY + place)], TODAY + place)
    log.close()
    for given in (
        BacklogCases(both, "", (), population.cases, population.events, frames, AT),
        logged_cases(both, tmp_path / "log"),
    ):
        found = compare(given)
        assert dict(+found.changed) == {what: expected, "any": expected}
        assert found.balance == Counter()


def differ(a: Decision, b: Decision) -> bool:
    """Whether a deadline, or a suggestion or its need of approval, is another one."""
    given = [
        (
            [by for _, by, _ in side.commitments],
            [(s.rule and s.rule.id, s.amount, s.needs_approval) for s in side.suggestions],
        )
        for side in (a, b)
    ]
    return given[0] != given[1]
