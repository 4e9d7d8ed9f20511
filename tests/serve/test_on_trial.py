"""Versions on trial: one that decides for a share of the customers, and one in shadow, that treats nobody."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router.v1 import case_router_service_pb2 as pb
from tests.serve.changing import Changing, changing
from tests.serve.shop import NAMELESS, asked, batch, case_of, request, streamed


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Changing]:
    with changing(tmp_path) as found:
        yield found


def people(number: int) -> list[dict[str, Any]]:
    return [case_of(case_id=f"c{n}", customer_id=f"p{n}", order_id="") for n in range(number)]


def taken(shop: Changing, cases: list[dict[str, Any]]) -> set[str]:
    """Whose cases were decided by the version on trial; every case is decided by exactly one version."""
    results = shop.served.stub.BatchRouteCases(batch(*cases, view="VIEW_BASIC")).results
    versions = {result.decision.case_id: result.decision.provenance.policy_version for result in results}
    assert versions.keys() == {case["case_id"] for case in cases}
    assert set(versions.values()) <= {"1.0.0", "1.2.0"}
    return {case for case, version in versions.items() if version == "1.2.0"}


def test_a_canary_takes_its_share_and_a_larger_one_contains_it(shop: Changing) -> None:
    cases = people(1000)
    shop.put("1.2.0", trial="5%")
    shop.look()
    few = taken(shop, cases)
    assert len(few) == pytest.approx(50, abs=20)
    assert taken(shop, cases) == few
    one = next(iter(few))
    alone = asked(shop.served, case=next(case for case in cases if case["case_id"] == one), view="VIEW_BASIC")
    assert alone.provenance.policy_version == "1.2.0"
    shop.put("1.2.0", trial="30%")
    shop.look()
    more = taken(shop, cases)
    assert few < more
    assert len(more) == pytest.approx(300, abs=50)
    shop.back()
    shop.look()
    assert taken(shop, cases) == set()


def test_who_has_no_id_goes_by_the_id_of_the_case(shop: Changing) -> None:
    shop.put("1.2.0", trial="50%")
    shop.look()
    nobody = [case | {"customer_id": ""} for case in people(200)]
    found = taken(shop, nobody)
    assert len(found) == pytest.approx(100, abs=35)
    assert taken(shop, nobody) == found


def test_who_asks_for_a_version_gets_it_whatever_is_on_trial(shop: Changing) -> None:
    shop.put("1.2.0", trial="99%")
    shop.look()
    versions = {asked(shop.served, case=case, policy_version="1.0.0").provenance.policy_version for case in people(20)}
    assert versions == {"1.0.0"}


def test_a_canary_is_shown_until_it_ends(shop: Changing) -> None:
    shop.put("1.2.0", trial="5%")
    shop.look()
    (found,) = shop.info().trials
    assert (found.policy, found.version, found.share) == ("shop", "1.2.0", 0.05)
    assert found.digest == next(each.digest for each in shop.info().policies if each.version == "1.2.0")
    shop.back()
    shop.look()
    assert list(shop.info().trials) == []


# in shadow


def shadowed(shop: Changing) -> pb.TrialInfo:
    """What is told of the version in shadow, once it has decided all that waits."""
    shop.await_(shop.served.service.shadow.settled())
    (found,) = shop.info().trials
    return found


def counts(found: pb.TrialInfo) -> tuple[int, int, int, int]:
    return found.compared, found.differing, found.dropped, found.failed


LESS = {"points: 150": "points: 120", "amount: 0.2 *": "amount: 0.1 *"}


def test_a_version_in_shadow_decides_every_case_and_treats_nobody(shop: Changing) -> None:
    before = asked(shop.served)
    shop.put("1.2.0", trial="shadow", **LESS)
    shop.look()
    assert asked(shop.served) == before
    shop.served.stub.BatchRouteCases(batch(*people(30)))
    list(shop.served.stub.StreamRouteCases(streamed(request())))
    found = shadowed(shop)
    assert (found.version, found.share, counts(found)) == ("1.2.0", 0, (32, 32, 0, 0))


def test_where_it_would_do_the_same_nothing_is_kept(shop: Changing, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "case_router.shadow")
    shop.put("1.2.0", trial="shadow")
    shop.look()
    asked(shop.served)
    assert counts(shadowed(shop)) == (1, 0, 0, 0)
    assert [record for record in caplog.records if record.name == "case_router.shadow"] == []


def test_what_it_would_do_otherwise_is_kept_without_a_name(shop: Changing, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "case_router.shadow")
    shop.put("1.2.0", trial="shadow", **LESS)
    shop.look()
    decision = asked(shop.served)
    shadowed(shop)
    (record,) = [record for record in caplog.records if record.name == "case_router.shadow"]
    told = json.loads(record.getMessage())
    assert (told["decision_id"], told["policy_version"], told["shadow_version"]) == (
        decision.provenance.decision_id,
        "1.0.0",
        "1.2.0",
    )
    assert told["differences"]["score"] == [decision.priority.score, decision.priority.score - 30]
    assert told["differences"]["recompense_total"] == [1000, 500]
    assert "tier" not in told["differences"]
    assert "ann" not in record.getMessage()


def test_with_a_log_it_is_kept_there(tmp_path: Path) -> None:
    with changing(tmp_path, log=tmp_path / "log", log_key="the key of a test, long enough") as shop:
        shop.put("1.2.0", trial="shadow", **LESS)
        shop.look()
        asked(shop.served)
        shadowed(shop)
        (file,) = (tmp_path / "log" / "shadow").glob("date=*/*.ndjson")
        (line,) = file.read_text().splitlines()
    assert json.loads(line)["differences"]["recompense_total"] == [1000, 500]


def test_where_more_cases_come_than_may_wait_they_are_dropped_and_counted(shop: Changing) -> None:
    shop.served.service.shadow.limit = 10
    shop.put("1.2.0", trial="shadow")
    shop.look()
    shop.served.stub.BatchRouteCases(batch(*people(31)))
    found = shadowed(shop)
    assert found.compared + found.dropped == 31
    assert found.dropped > 0
    assert found.compared >= 10


def test_a_fault_in_shadow_is_counted_and_harms_nobody(shop: Changing, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("boom")

    shop.put("1.2.0", trial="shadow")
    shop.look()
    monkeypatch.setattr("router.serve.shadow.differences", broken)
    assert shop.version() == shop.version() == "1.0.0"
    assert counts(shadowed(shop)) == (0, 0, 0, 2)


def test_a_case_that_is_refused_is_not_decided_in_shadow(shop: Changing) -> None:
    shop.put("1.2.0", trial="shadow")
    shop.look()
    shop.served.stub.BatchRouteCases(batch(NAMELESS))
    assert counts(shadowed(shop)) == (0, 0, 0, 0)
