"""The server: one event loop a process, one process a core, all on one port."""

import asyncio
import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
from collections.abc import Callable, Sequence
from importlib.metadata import version
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Semaphore

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from router.crm.snapshot import Snapshot, verify
from router.decide.model import Records
from router.errors import LogError, PolicyError, Problem, RouterError, SettingsError, SnapshotError
from router.log.decisions import DecisionLog, open_log
from router.log.key import read_key
from router.log.record import Manner
from router.policy.store import PolicyStore, shipped_policies
from router.serve import memory
from router.serve.backlog.runs import Slots
from router.serve.backlog.service import SERVICE as BACKLOG_SERVICE
from router.serve.backlog.service import Backlog
from router.serve.calls import clock
from router.serve.live import Live
from router.serve.policies.service import SERVICE as POLICY_SERVICE
from router.serve.policies.service import Policies
from router.serve.service import SERVICE, CaseRouter
from router.serve.settings import Settings
from router.serve.state import NoRecords, State

_LOG = logging.getLogger("case_router.serve")
_MB = 1 << 20
_PATIENCE = 0.2
"""Seconds between two looks at whether the processes still start."""


def services(settings: Settings) -> tuple[str, ...]:
    """The names of the services that are offered."""
    return (SERVICE, BACKLOG_SERVICE, *([POLICY_SERVICE] if settings.policy_service else ()))


def open_state(settings: Settings) -> State:
    """Policies checked and compiled, the snapshot opened, both made ready. Raises ``RouterError`` with all that is wrong,
    of the decision log too.
    """
    problems: list[Problem] = []
    policies: PolicyStore | None = None
    records: Records = NoRecords()
    try:
        policies = PolicyStore.open(settings.policies or shipped_policies(), drafts=settings.drafts)
    except PolicyError as error:
        problems += error.problems
    try:
        records = Snapshot.open(settings.snapshot, settings.shards) if settings.snapshot else records
    except SnapshotError as error:
        problems += error.problems
    try:
        open_decision_log(settings, "")
    except LogError as error:
        problems += error.problems
    if policies is None or problems:
        raise RouterError(problems)
    for said in policies.remarks(clock()):
        _LOG.warning("%s", said)
    return State(policies, records, version("case-router")).prepare()


def open_decision_log(settings: Settings, engine: str) -> DecisionLog | None:
    """The log that the settings ask for. Raises ``LogError``."""
    if settings.log is None:
        return None
    key = read_key(settings.log_key_file, settings.log_key.get_secret_value())
    manner = Manner(key, settings.log_hash_ids, engine)
    full = settings.log_file_mb * _MB
    return open_log(settings.log, manner, durability=settings.log_durability, on_full=settings.log_on_full, full=full)


def build_server(
    settings: Settings, state: State, *, shared_port: bool = False, slots: Slots | None = None
) -> tuple[grpc.aio.Server, CaseRouter, Backlog, health.aio.HealthServicer]:
    """A server with the services, health for each, and reflection; not started, no port.

    ``slots`` are those for runs over backlogs, where processes share them.
    """
    options = [
        ("grpc.so_reuseport", int(shared_port)),
        ("grpc.max_receive_message_length", settings.largest_message_mb * _MB),
        ("grpc.max_send_message_length", -1),
    ]
    server = grpc.aio.server(options=options)
    service = CaseRouter(state, batch_limit=settings.batch_limit, log=open_decision_log(settings, state.engine_version))
    healthy = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    backlog = Backlog(settings, lambda: service.state, slots=slots)
    server.add_generic_rpc_handlers((service.handlers(), backlog.handlers()))
    if settings.policy_service:
        server.add_generic_rpc_handlers((Policies(settings).handlers(),))
    reflection.enable_server_reflection((*services(settings), health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    return server, service, backlog, healthy


async def serve(
    settings: Settings,
    state: State,
    port: int,
    *,
    shared_port: bool = False,
    slots: Slots | None = None,
    started: Callable[[int], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, or until the process that started this one among several has gone, however it ended;
    then refuse new calls, let running ones end within the grace, and return.

    The snapshot's full digest is checked meanwhile; a process that finds it damaged says so and is no longer healthy.
    """
    server, service, backlog, healthy = build_server(settings, state, shared_port=shared_port, slots=slots)
    del state  # the service has it, and replaces it
    try:
        bound = server.add_insecure_port(f"{settings.host}:{port}")
    except RuntimeError as error:
        raise SettingsError([_taken(settings, port)]) from error
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    parent = multiprocessing.parent_process()
    if parent is not None:  # readable once it has gone
        loop.add_reader(parent.sentinel, stop.set)
    await server.start()
    memory.settle()
    for name in ("", *services(settings)):
        await healthy.set(name, health_pb2.HealthCheckResponse.SERVING)
    if started is not None:
        started(bound)
    aside = [asyncio.create_task(_check_snapshot(service.state, healthy, services(settings)))]
    if settings.reload_seconds:
        aside.append(asyncio.create_task(live(settings, service).run()))
    await stop.wait()
    if parent is not None:
        loop.remove_reader(parent.sentinel)  # it stays readable
    for task in aside:
        task.cancel()
    await healthy.enter_graceful_shutdown()
    await server.stop(settings.grace_seconds)
    await backlog.runs.close()
    if service.log is not None:
        service.log.close()


def live(settings: Settings, service: CaseRouter) -> Live:
    """What keeps a service up to date with its folders."""
    policies = settings.policies or shipped_policies()
    return Live(
        service,
        policies,
        settings.snapshot,
        clock,
        shards=settings.shards,
        drafts=settings.drafts,
        seconds=settings.reload_seconds,
    )


async def _check_snapshot(state: State, healthy: health.aio.HealthServicer, names: Sequence[str]) -> None:
    if not isinstance(state.records, Snapshot):
        return
    try:
        await asyncio.to_thread(verify, state.records)
    except SnapshotError as error:
        _LOG.critical("%s", error)
        for name in ("", *names):
            await healthy.set(name, health_pb2.HealthCheckResponse.NOT_SERVING)


def _taken(settings: Settings, port: int) -> Problem:
    said = f"cannot listen on {settings.host}:{port}; is another server there? Choose another port"
    return Problem("bad-setting", said, "port")


def _configure_log(settings: Settings) -> None:
    logging.basicConfig(level=settings.log_level)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)  # what came of a change is said here


def _work(settings: Settings, port: int, ready: Semaphore, slots: Semaphore) -> None:
    """One process of several: its own state over the same files, mapped once by the system."""
    _configure_log(settings)
    asyncio.run(
        serve(settings, open_state(settings), port, shared_port=True, slots=slots, started=lambda _: ready.release())
    )


def main(settings: Settings, *, started: Callable[[int], None] | None = None) -> None:
    """Run the server until it is told to stop. Raises ``RouterError`` before anything listens if something is wrong."""
    _configure_log(settings)
    processes = settings.processes or len(os.sched_getaffinity(0))
    if processes == 1:
        asyncio.run(serve(settings, open_state(settings), settings.port, started=started))
        return
    open_state(settings)  # what is wrong is said once, before there are several
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    address = (settings.host.strip("[]"), settings.port)
    try:
        with socket.socket(family) as alone:  # fails where another server listens; the next would share its port
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind(address)
        with socket.socket(family) as reserved:
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            reserved.bind(address)
            _run_all(settings, reserved.getsockname()[1], processes, started)
    except OSError as error:
        raise SettingsError([_taken(settings, settings.port)]) from error


def _run_all(settings: Settings, port: int, processes: int, started: Callable[[int], None] | None) -> None:
    """Start the processes, pass a stop on to them, and end when the last has ended; one that dies ends all, with code 1."""
    spawn = multiprocessing.get_context("spawn")
    ready, slots = spawn.Semaphore(0), spawn.Semaphore(settings.backlog_runs)
    workers: list[SpawnProcess] = []
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True
        for worker in workers:
            if worker.is_alive():
                worker.terminate()

    for number in (signal.SIGTERM, signal.SIGINT):  # before the first process: a stop that comes early reaches all
        signal.signal(number, stop)
    for index in range(processes):
        workers.append(spawn.Process(target=_work, args=(settings, port, ready, slots), name=f"case-router-{index}"))
        workers[-1].start()
        if stopped:  # it may have been too new to be told
            stop()
            break
    serving = 0
    while not stopped and serving < processes and all(worker.is_alive() for worker in workers):
        serving += ready.acquire(timeout=_PATIENCE)
    if serving == processes and started is not None:
        started(port)
    multiprocessing.connection.wait([worker.sentinel for worker in workers])
    stop()
    for worker in workers:
        worker.join()
    failed = [worker for worker in workers if worker.exitcode not in {0, -signal.SIGTERM}]
    for worker in failed:
        _LOG.error("%s ended with %s", worker.name, worker.exitcode)
    if failed:
        raise SystemExit(1)
