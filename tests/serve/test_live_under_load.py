"""Policies that change under load: no call is lost, each is decided by one version, and all processes switch at once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import pytest

from router.policy.releases import RELEASES
from router.policy.releasing import rollback
from router.policy.trial import place_of
from router.serve.calls import clock
from router.time import SECOND, format_instant
from router.v1 import case_router_service_pb2 as pb
from router.v1.case_router_service_pb2_grpc import CaseRouterServiceStub
from tests.serve.changing import put
from tests.serve.shop import case_of, request, write_policies, write_snapshot
from tests.serve.test_server import PATIENCE, Running, running

CLIENTS = 2
PEOPLE = [f"p{number}" for number in range(8)]


@dataclass
class Load:
    """Clients that ask without a pause; ``answers`` are customer, sent at, received at, and the version that decided."""

    server: Running
    stop: threading.Event = field(default_factory=threading.Event)
    answers: list[tuple[str, int, int, str]] = field(default_factory=list)
    sent: list[int] = field(default_factory=lambda: [0] * CLIENTS)

    def ask(self, number: int) -> None:
        questions = [request(case_of(customer_id=who, case_id=who)) for who in PEOPLE[number::CLIENTS]]
        for question in questions:
            question.ClearField("now")
        with self.server.channel() as channel:
            stub = CaseRouterServiceStub(channel)
            while not self.stop.is_set():
                for question in questions:
                    self.sent[number] += 1
                    sent_at = clock()
                    answer = stub.RouteCase(question, timeout=PATIENCE).decision
                    assert answer.case_id == question.case.case_id
                    self.answers.append((answer.case_id, sent_at, clock(), answer.provenance.policy_version))

    def seen(self, who: str) -> list[str]:
        """The versions that decided for a customer, in order, each run of the same once."""
        return [version for version, _ in groupby(each[3] for each in self.answers if each[0] == who)]


@contextmanager
def load(server: Running) -> Iterator[Load]:
    made = Load(server)
    clients = [threading.Thread(target=made.ask, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield made
    finally:
        made.stop.set()
        for client in clients:
            client.join()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def info(server: Running) -> pb.GetServerInfoResponse:
    """What one of the processes says: a new connection may come to another."""
    with server.channel() as channel:
        found: pb.GetServerInfoResponse = CaseRouterServiceStub(channel).GetServerInfo(pb.GetServerInfoRequest())
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_policies(tmp_path / "policies")
    (tmp_path / "policies" / "shop" / "2.0.0.yaml").unlink()
    write_snapshot(tmp_path / "snapshot")
    return tmp_path


def test_an_edit_a_bad_edit_a_canary_and_a_rollback_lose_no_call_and_nobody_goes_back_and_forth(folder: Path) -> None:
    policies = folder / "policies"
    lucky = [who for who in PEOPLE if place_of(who) < 0.5]
    others = [who for who in PEOPLE if who not in lucky]
    assert lucky
    assert others
    with running(folder, "--processes=1") as server, load(server) as asked:

        def all_see(people: list[str], version: str) -> Callable[[], bool]:
            return lambda: all(asked.seen(who)[-1:] == [version] for who in people)

        until(all_see(PEOPLE, "1.1.0"))
        put(policies, "1.2.0", format_instant(clock()))
        until(all_see(PEOPLE, "1.2.0"))
        file = policies / "shop" / RELEASES
        good = file.read_text()
        file.write_text(good[:-20])
        until(lambda: info(server).reloads.refused > 0)
        file.write_text(good)
        until(lambda: not info(server).reloads.problems)
        put(policies, "1.3.0", format_instant(clock()), "50%")
        until(all_see(lucky, "1.3.0"))
        rollback(policies, "shop", effective_from=clock(), by="a test", note="back")
        until(all_see(lucky, "1.2.0"))
        asked.stop.set()
    assert len(asked.answers) == sum(asked.sent) > 100
    assert {who: asked.seen(who) for who in lucky} == {who: ["1.1.0", "1.2.0", "1.3.0", "1.2.0"] for who in lucky}
    assert {who: asked.seen(who) for who in others} == {who: ["1.1.0", "1.2.0"] for who in others}


def test_all_processes_switch_at_the_instant_of_the_release(folder: Path) -> None:
    with running(folder, "--processes=2") as server, load(server) as asked:
        instant = clock() + 4 * SECOND
        put(folder / "policies", "1.2.0", format_instant(instant))
        until(lambda: all(info(server).reloads.taken == 1 for _ in range(12)))
        assert clock() < instant
        until(lambda: clock() > instant + SECOND // 4)
        asked.stop.set()
    before = {version for _, _, received, version in asked.answers if received < instant}
    after = {version for _, sent, _, version in asked.answers if sent >= instant}
    assert (before, after) == ({"1.1.0"}, {"1.2.0"})
    assert len(asked.answers) == sum(asked.sent)


def test_a_swap_of_links_is_noticed_by_a_look_where_no_event_tells_of_it(folder: Path, tmp_path: Path) -> None:
    """The folder that is watched is itself a link, so the swap happens outside of it."""
    second = tmp_path / "second"
    write_policies(second / "policies")
    put(second / "policies", "2.1.0", "2018-01-01T00:00:00Z")
    served = tmp_path / "served"
    served.mkdir()
    (served / "snapshot").symlink_to(folder / "snapshot")
    (served / "policies").symlink_to(folder / "policies")
    with running(served, "--processes=1", CASE_ROUTER_RELOAD_SECONDS="0.1") as server:
        until(lambda: info(server).policies[-1].version == "1.1.0")
        (served / "new").symlink_to(second / "policies")
        (served / "new").rename(served / "policies")
        until(lambda: info(server).reloads.taken == 1)
        assert [(each.version, each.in_force) for each in info(server).policies if each.policy == "shop"][-1] == (
            "2.1.0",
            True,
        )


def test_a_server_that_is_told_not_to_reload_does_not(folder: Path) -> None:
    with running(folder, "--processes=1", CASE_ROUTER_RELOAD_SECONDS="0") as server:
        put(folder / "policies", "1.2.0", format_instant(clock()))
        assert info(server).reloads == pb.Reloads()
        assert {each.version for each in info(server).policies if each.policy == "shop"} == {"1.0.0", "1.1.0"}
        assert server.stop() == 0
