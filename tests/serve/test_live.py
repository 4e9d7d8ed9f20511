"""A server whose policies and snapshot change while it serves: what it takes over, what it refuses, and what it tells."""

import asyncio
import os
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.crm.snapshot import CURRENT, Snapshot
from router.policy.releases import RELEASES
from router.time import HOUR, parse_instant
from router.v1 import case_router_service_pb2 as pb
from tests.serve.backlogs import until
from tests.serve.changing import LATER, Changing, changing
from tests.serve.shop import AS_OF, NOW, asked, batch, case_of, request, streamed, write_snapshot
from tests.serve.test_server import PATIENCE


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Changing]:
    with changing(tmp_path) as found:
        yield found


# what is taken over


def test_a_release_decides_from_its_instant_on_and_not_before(shop: Changing) -> None:
    shop.put("1.2.0", LATER)
    shop.look()
    assert shop.version() == "1.0.0"
    assert shop.version(now="2016-06-02T09:59:59.999999Z") == "1.0.0"
    assert shop.version(now=LATER) == "1.2.0"
    reloads = shop.info().reloads
    assert (reloads.taken, reloads.taken_at.ToJsonString(), reloads.refused) == (1, "2016-06-01T06:00:00Z", 0)
    assert not reloads.HasField("refused_at")


def test_before_a_look_and_without_a_change_nothing_is_another(shop: Changing) -> None:
    state = shop.served.service.state
    shop.look()
    assert shop.served.service.state is state
    shop.put("1.2.0")
    assert shop.version() == "1.0.0"
    assert shop.info().reloads == pb.Reloads()


def test_what_did_not_change_is_not_made_ready_again(shop: Changing) -> None:
    before = dict(shop.served.service.state.pairs)
    shop.put("1.2.0")
    shop.look()
    after = shop.served.service.state.pairs
    assert len(after) == len(before) + 1
    assert all(after[digest] is pair for digest, pair in before.items())


def test_a_rollback_is_a_release_like_any_other(shop: Changing) -> None:
    shop.put("1.2.0")
    shop.look()
    assert shop.version() == "1.2.0"
    shop.back()
    shop.look()
    assert shop.version() == "1.0.0"


def test_a_kill_switch_is_a_release_like_any_other(shop: Changing) -> None:
    assert [each.rule for each in asked(shop.served).recompense if each.HasField("amount")] == ["late-credit"]
    shop.put("1.2.0", **{"- id: late-credit": "- id: late-credit\n      enabled: false", "- id: lost": "- id: gone"})
    shop.look()
    assert [each.rule for each in asked(shop.served).recompense] == []
    shop.put("1.3.0", **{"apology:": "switches: {money: false}\n\napology:"})
    shop.look()
    assert [each.rule for each in asked(shop.served).recompense if each.HasField("amount")] == []


def test_a_newer_snapshot_is_taken_over_once_every_byte_is_verified(shop: Changing) -> None:
    first = asked(shop.served).provenance.snapshot_id
    write_snapshot(shop.folder / "snapshot", as_of=AS_OF + HOUR)
    shop.look()
    found = shop.info()
    assert found.snapshot_as_of.ToJsonString() == "2016-06-01T07:00:00Z"
    assert asked(shop.served).provenance.snapshot_id == found.snapshot_id != first


def test_the_snapshot_before_is_let_go(tmp_path: Path) -> None:
    """So that a file that was deleted gives its place on the disk back, and who was erased is gone."""
    with changing(tmp_path, log=tmp_path / "log", log_key="the key of a test, long enough") as shop:
        seen = []
        for hours in (1, 2):
            write_snapshot(tmp_path / "snapshot", as_of=AS_OF + hours * HOUR)
            shop.look()
            asked(shop.served)
            seen.append(weakref.ref(shop.served.service.state.records))
        assert until(lambda: [found() is None for found in seen] == [True, False])  # a look at it may still be under way


def test_a_damaged_snapshot_is_refused_and_the_good_one_stays(shop: Changing) -> None:
    first = shop.info().snapshot_id
    write_snapshot(shop.folder / "snapshot", as_of=AS_OF + HOUR)
    content = Snapshot.open(shop.folder / "snapshot").path
    file = content / "customers.arrow"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    shop.look()
    found = shop.info()
    assert (found.snapshot_id, [problem.code for problem in found.reloads.problems]) == (first, ["snapshot-damaged"])
    assert found.reloads.problems[0].where == content.name


def test_a_snapshot_that_is_half_published_is_refused_until_it_is_whole(shop: Changing) -> None:
    current = shop.folder / "snapshot" / CURRENT
    first = current.read_text()
    for text in ("", first[: len(first) // 2], '{"id": "none"}'):
        current.write_text(text)
        shop.look()
        assert [problem.code for problem in shop.info().reloads.problems] != []
        assert shop.version() == "1.0.0"
    current.write_text(first)
    shop.look()
    assert list(shop.info().reloads.problems) == []


# how a change is noticed


def watched(shop: Changing, *, seconds: float) -> None:
    """Watch the shop until a release is taken over."""
    shop.live.seconds = seconds
    watching = asyncio.run_coroutine_threadsafe(shop.live.run(), shop.served.loop)
    time.sleep(0.2)  # it looks once at its start; what comes later it has to notice
    shop.put("1.2.0")
    end = time.monotonic() + PATIENCE
    while not shop.served.service.reloads.taken:
        assert time.monotonic() < end
        time.sleep(0.01)
    watching.cancel()
    assert shop.version() == "1.2.0"


def test_an_event_of_the_file_system_is_enough(shop: Changing) -> None:
    watched(shop, seconds=3600)


@pytest.mark.parametrize("error", [OSError("no space for watches"), RuntimeError("no events here")])
def test_where_the_file_system_has_no_events_a_look_is_enough(
    shop: Changing, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unable(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("router.serve.live.awatch", unable)
    watched(shop, seconds=0)
    assert f"cannot be watched ({error}); it is looked at every 0.05 seconds" in caplog.text


# what is refused


def test_a_bad_file_is_refused_counted_logged_and_shown(shop: Changing, caplog: pytest.LogCaptureFixture) -> None:
    shop.put("1.2.0")
    file = shop.policies / "shop" / "1.2.0.yaml"
    good = file.read_text()
    file.write_text(good.replace("customer.spend_12m >= 100", "customer.spent >= 100"))
    for _ in range(3):
        shop.await_(shop.live.look(certain=True))
    reloads = shop.info().reloads
    (problem,) = reloads.problems
    assert (reloads.taken, reloads.refused, reloads.refused_at.ToJsonString()) == (0, 1, "2016-06-01T06:00:00Z")
    assert (problem.code, problem.where.rpartition("/")[0]) == ("unknown-fact", "shop")
    assert "did you mean" in problem.message
    assert caplog.text.count("refused, what was good before stays") == 1
    assert shop.version() == "1.0.0"
    file.write_text(good)
    shop.look()
    reloads = shop.info().reloads
    assert (reloads.taken, reloads.refused, list(reloads.problems)) == (1, 1, [])
    assert shop.version() == "1.2.0"


def test_releases_that_became_fewer_are_refused(shop: Changing) -> None:
    shop.put("1.2.0")
    shop.look()
    file = shop.policies / "shop" / RELEASES
    text = file.read_text()
    file.write_text(text[: text.rindex("- version")])
    shop.look()
    assert [problem.code for problem in shop.info().reloads.problems] == ["bad-release"]
    assert shop.version() == "1.2.0"


def test_a_fault_while_reading_is_told_and_the_server_goes_on(shop: Changing, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    with monkeypatch.context() as patch:
        patch.setattr("router.serve.live.renewed", broken)
        shop.put("1.2.0")
        shop.look()
        assert [problem.code for problem in shop.info().reloads.problems] == ["reload-failed"]
        assert shop.version() == "1.0.0"
    shop.await_(shop.live.look(certain=True))
    assert shop.version() == "1.2.0"


# clocks


def test_a_clock_that_jumps_chooses_by_what_it_says(shop: Changing) -> None:
    shop.put("1.2.0", LATER)
    shop.look()
    service, question = shop.served.service, request()
    question.ClearField("now")
    found = []
    for now in (NOW, LATER, NOW, "2030-01-01T00:00:00Z", LATER):
        service._now = lambda now=now: parse_instant(now)  # type: ignore[misc]  # the clock of this moment
        found.append(shop.served.stub.RouteCase(question).decision.provenance.policy_version)
    assert found == ["1.0.0", "1.2.0", "1.0.0", "1.2.0", "1.2.0"]


def test_a_file_that_is_older_than_the_one_before_is_a_change_all_the_same(shop: Changing) -> None:
    shop.put("1.2.0")
    file = shop.policies / "shop" / RELEASES
    os.utime(file, (1_000_000_000, 1_000_000_000))
    shop.look()
    assert shop.version() == "1.2.0"


def test_a_file_of_the_same_length_and_time_is_a_change_all_the_same(shop: Changing) -> None:
    file = shop.policies / "shop" / RELEASES
    told, text = file.stat(), file.read_text()
    file.write_text(text.replace("note: first", "note: again").replace('"first"', '"again"'))
    os.utime(file, ns=(told.st_atime_ns, told.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (told.st_size, told.st_mtime_ns)
    shop.look()
    assert [problem.code for problem in shop.info().reloads.problems] == ["bad-release"]


# one call, one batch, one stream


def test_a_stream_takes_the_new_state_at_its_next_message(shop: Changing) -> None:
    def requests() -> Iterator[pb.StreamRouteCasesRequest]:
        yield from streamed(request())
        shop.put("1.2.0")
        shop.look()
        yield from streamed(request())

    answers = shop.served.stub.StreamRouteCases(requests())
    assert [answer.decision.provenance.policy_version for answer in answers] == ["1.0.0", "1.2.0"]


def test_a_batch_is_decided_by_one_state_while_another_comes(shop: Changing) -> None:
    shop.put("1.2.0")
    cases = [case_of(case_id=f"c{number}") for number in range(500)]
    asking = shop.served.stub.BatchRouteCases.future(batch(*cases, view="VIEW_BASIC"))
    shop.look()
    versions = {result.decision.provenance.policy_version for result in asking.result().results}
    assert len(versions) == 1
    assert shop.version() == "1.2.0"
