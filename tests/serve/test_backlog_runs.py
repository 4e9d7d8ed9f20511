"""Runs in processes of their own: they tell that they live, end with their call, and leave nothing behind."""

import asyncio
import errno
import io
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.code_pb2 import ABORTED, FAILED_PRECONDITION, INTERNAL, RESOURCE_EXHAUSTED
from google.rpc.status_pb2 import Status

from router.files import whole
from router.serve.backlog import runs
from router.serve.backlog.child import Child
from router.serve.backlog.job import HEAD, MESSAGE, PROGRESS, REFUSED, Files, Job
from router.v1.backlog_service_pb2_grpc import BacklogServiceStub
from tests.bulk.backlog import EXAMPLE, NOW, RETAIL
from tests.serve.backlogs import PATIENCE, TERMS, Desk, desk, files, one_part, own_runs, runs_of, until
from tests.serve.engine import Served
from tests.serve.shop import case_of, reason, refused, request
from tests.serve.test_server import folder, running

__all__ = ["folder"]

SLOW = Path(__file__).with_name("slow_run.py")
LISTING = ["cases.csv", "events.csv"]


@contextmanager
def deciding(desk: Desk) -> Iterator[Any]:
    """A call whose run decides, and would for a day."""
    call: Any = desk.stub.Reprioritize(files())
    while next(call).progress.doing != "deciding":
        pass
    assert ".queue.parquet.making/parts" in desk.listing()
    yield call
    call.cancel()


@pytest.fixture
def slow(shop: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk whose runs never end by themselves."""
    monkeypatch.setattr(runs, "COMMAND", (sys.executable, str(SLOW)))
    with desk(shop, tmp_path) as found:
        (found.root / "queue.parquet").write_bytes(b"what was there before")
        yield found


def all_gone(desk: Desk) -> bool:
    """Whether no process and no file of a run is left, and the earlier output is as it was."""
    left = own_runs(SLOW.name.encode())
    before = (desk.root / "queue.parquet").read_bytes() == b"what was there before"
    return not left and desk.listing() == [*LISTING, "queue.parquet"] and before


# while it lasts


def test_a_silent_run_tells_that_it_lives(slow: Desk) -> None:
    with deciding(slow) as call:
        assert [next(call).progress.doing for _ in range(3)] == ["deciding"] * 3


def test_nothing_follows_the_answer_of_a_run_that_is_long_in_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = "sys.stdout.buffer.write(kind + (4).to_bytes(4, 'big') + b'told'); sys.stdout.flush(); time.sleep(0.4)"
    code = f"import sys, time\nfor kind in ({PROGRESS!r}, {MESSAGE!r}): {frame}"
    monkeypatch.setattr(runs, "_PULSE", 0.05)

    async def kinds() -> list[bytes]:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
        return [kind async for kind, _ in runs._frames(process)]

    found = asyncio.run(kinds())
    assert (found[0], found[-1], found.count(MESSAGE)) == (PROGRESS, MESSAGE, 1)
    assert found.count(PROGRESS) > 1


def test_decisions_are_made_meanwhile_and_go_first(slow: Desk) -> None:
    with deciding(slow):
        (run,) = own_runs(SLOW.name.encode())
        assert os.getpriority(os.PRIO_PROCESS, run) > os.getpriority(os.PRIO_PROCESS, os.getpid())
        route = slow.served.stub.RouteCase
        assert route(request()).decision.case_id == "c1"


# how it ends


def test_a_call_that_is_cancelled_ends_its_run_and_leaves_nothing(slow: Desk) -> None:
    with deciding(slow):
        pass
    assert until(lambda: all_gone(slow))


def test_so_does_a_deadline(slow: Desk) -> None:
    call: Any = slow.stub.Reprioritize(files(), timeout=3)
    with pytest.raises(grpc.RpcError):
        list(call)
    assert call.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert until(lambda: all_gone(slow))


def test_so_does_a_client_that_is_gone(slow: Desk) -> None:
    address = f"127.0.0.1:{slow.served.port}"
    with grpc.insecure_channel(address, options=(("grpc.use_local_subchannel_pool", 1),)) as channel:
        call: Any = BacklogServiceStub(channel).Reprioritize(files())
        next(call)
    assert until(lambda: all_gone(slow))


def test_a_stop_of_the_server_ends_runs_after_its_grace(slow: Desk) -> None:
    with deciding(slow) as call:
        stopping = asyncio.run_coroutine_threadsafe(slow.served.server.stop(0.1), slow.served.loop)
        with pytest.raises(grpc.RpcError):
            list(call)
        stopping.result(PATIENCE)
        assert call.code() in {grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE}
    assert until(lambda: all_gone(slow))


def test_more_runs_than_are_taken_are_refused_and_later_taken(slow: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with deciding(slow):
        for status in (refused(slow.run), refused(lambda: slow.send({"terms": TERMS, "cases": [case_of()]}))):
            assert (status.code, reason(status).reason) == (RESOURCE_EXHAUSTED, "ERROR_REASON_TOO_MANY_RUNS")
            assert status.message == "1 runs over a backlog are going on, as many as are taken at once; call again later"
    assert until(lambda: all_gone(slow))
    monkeypatch.undo()
    assert slow.run()[-1].result.summary.cases == 8


def test_an_upload_takes_its_place_with_its_first_part(slow: Desk) -> None:
    codes: list[int] = []

    def taken() -> bool:
        codes.append(refused(lambda: slow.run(cases=["none.csv"])).code)
        return codes[-1] == RESOURCE_EXHAUSTED

    with one_part({"terms": TERMS, "cases": [case_of()]}) as parts:
        call: Any = slow.stub.ReprioritizeCases(parts)
        assert until(taken)
        call.cancel()
        assert until(lambda: not taken())


def test_one_output_has_one_writer(open_desk: Desk) -> None:
    making = whole.workshop(open_desk.root / "queue.parquet")
    (making / "parts").mkdir(parents=True)
    with whole.locked(making):
        status = refused(open_desk.run)
    assert (status.code, reason(status).reason) == (ABORTED, "ERROR_REASON_QUEUE_BUSY")
    assert open_desk.listing() == [making.name, f"{making.name}/parts", *LISTING]


@pytest.fixture
def open_desk(shop: Served, tmp_path: Path) -> Iterator[Desk]:
    with desk(shop, tmp_path) as found:
        yield found


# the server as a process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["told to stop", "killed"])
def test_a_server_that_ends_takes_its_runs_with_it(
    number: signal.Signals,
    shop: Served,
    folder: Path,
    tmp_path: Path,
) -> None:
    with desk(shop, tmp_path) as made:
        root = made.root
    with running(folder, "--processes=1", CASE_ROUTER_BACKLOG_ROOTS=str(root), CASE_ROUTER_GRACE_SECONDS="0") as server:
        with server.channel() as channel:
            call: Any = BacklogServiceStub(channel).Reprioritize(files())
            assert until(lambda: bool(runs_of(server.process.pid, b"backlog.child")))
            (run,) = runs_of(server.process.pid, b"backlog.child")
            if number == signal.SIGTERM:
                os.kill(run, signal.SIGSTOP)  # it cannot end by itself
            server.process.send_signal(number)
            with pytest.raises(grpc.RpcError):
                list(call)
        assert server.process.wait(PATIENCE) == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    assert until(lambda: not Path(f"/proc/{run}").exists())
    assert not [path for path in root.iterdir() if path.name.startswith(".")]


def test_the_processes_of_a_server_share_what_runs_they_take(shop: Served, folder: Path, tmp_path: Path) -> None:
    with desk(shop, tmp_path):
        root = tmp_path / "root"
    with running(folder, "--processes=2", CASE_ROUTER_BACKLOG_ROOTS=str(root), CASE_ROUTER_GRACE_SECONDS="0") as server:
        with server.channel() as channel:
            call: Any = BacklogServiceStub(channel).Reprioritize(files())
            workers = server.children()
            assert until(lambda: any(runs_of(worker, b"backlog.child") for worker in workers))
            (run,) = [run for worker in workers for run in runs_of(worker, b"backlog.child")]
            os.kill(run, signal.SIGSTOP)  # it cannot end by itself
            for _ in range(6):
                with server.channel() as other:
                    assert refused(partial(next, BacklogServiceStub(other).Reprioritize(files()))).code == RESOURCE_EXHAUSTED
            call.cancel()
        assert server.stop() == 0


# what goes wrong


@pytest.mark.parametrize(
    ("code", "said"),
    [("raise SystemExit(3)", "ended with 3"), ("import nothing_like_it", "ended with 1"), ("", "")],
    ids=["ends", "cannot start", "says nothing"],
)
def test_a_run_that_fails_is_internal_and_the_log_names_it(
    open_desk: Desk, code: str, said: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(runs, "COMMAND", (sys.executable, "-c", code))
    for status in (refused(open_desk.run), refused(lambda: open_desk.send({"terms": TERMS}))):
        assert (status.code, reason(status).reason) == (INTERNAL, "ERROR_REASON_INTERNAL")
        assert reason(status).metadata["fault"] in caplog.text
        assert said in caplog.text


def test_a_run_that_the_system_ends_is_for_want_of_memory(open_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "COMMAND", (sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"))
    status = refused(open_desk.run)
    assert (status.code, reason(status).reason) == (RESOURCE_EXHAUSTED, "ERROR_REASON_RUN_EXHAUSTED")


def test_a_fault_in_a_run_is_told_to_the_log_alone(
    open_desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = "from router.bulk import local; del local.FrameDecider; from router.serve.backlog.child import main; main()"
    monkeypatch.setattr(runs, "COMMAND", (sys.executable, "-c", broken))
    status = refused(open_desk.run)
    assert (status.code, reason(status).reason) == (INTERNAL, "ERROR_REASON_INTERNAL")
    assert "FrameDecider" not in str(status)
    assert "name 'FrameDecider' is not defined" in caplog.text
    assert open_desk.listing() == LISTING


@pytest.mark.parametrize(
    ("number", "code", "why"),
    [
        (errno.ENOSPC, RESOURCE_EXHAUSTED, "ERROR_REASON_RUN_EXHAUSTED"),
        (errno.EACCES, FAILED_PRECONDITION, "ERROR_REASON_QUEUE_NOT_WRITTEN"),
    ],
)
def test_an_output_that_cannot_be_written_is_told(
    number: int, code: int, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(whole, "put", refuse)
    out = io.BytesIO()
    Child(job(tmp_path), out).work()
    status = Status.FromString(frames(out.getvalue())[-1][1])
    assert frames(out.getvalue())[-1][0] == REFUSED
    assert (status.code, reason(status).reason) == (code, why)
    assert list(tmp_path.iterdir()) == []


def job(folder: Path) -> Job:
    backlog = Files((str(EXAMPLE / "cases.csv"),), (str(EXAMPLE / "events.csv"),), None, folder / "queue.csv")
    return Job(backlog, RETAIL, None, NOW, None, with_accepted=False)


def frames(written: bytes) -> list[tuple[bytes, bytes]]:
    found = []
    while written:
        end = HEAD + int.from_bytes(written[1:HEAD], "big")
        found.append((written[:1], written[HEAD:end]))
        written = written[end:]
    return found


def test_a_run_ends_when_nobody_holds_its_input(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, SLOW], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(pickle.dumps(job(tmp_path)))
        process.stdin.flush()
        assert until((tmp_path / ".queue.csv.making" / "parts").exists)
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
    assert list(tmp_path.iterdir()) == []
