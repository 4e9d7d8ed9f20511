"""The process that a run has to itself: reads a job, writes frames. It ends when nobody holds its input open any more.

A process of its own can be ended at any moment, gives all its memory back, and lets decisions go first.
"""

import os
import pickle
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from typing import BinaryIO

from router.bulk.engine import Run
from router.bulk.manifest import manifest, manifest_of, of_run
from router.bulk.parts import available_memory
from router.bulk.run import Result, disk_full, reprioritize
from router.bulk.small import Queue, put_in_order
from router.cases.model import Case
from router.crm.snapshot import Snapshot
from router.decide.records import FactRecords, facts_layout
from router.errors import CaseError, Problem, TableError
from router.frame.customers import Customers, of_records, of_snapshot
from router.log.runs import record_run
from router.serve.backlog.job import FAULT, MESSAGE, PROGRESS, REFUSED, Files, Job, frame
from router.serve.convert.backlog import backlog_status, refuse
from router.serve.convert.queue import Rows, funding_to_wire, summary_to_wire
from router.serve.convert.request import events_of, head_of
from router.v1 import backlog_service_pb2 as pb

_POLITENESS = 10
"""How much later than the server a run gets its turn, as for ``nice``."""
_ROWS_BYTES = 256 * 1024
"""Rows are sent in messages of about so many bytes; a client takes up to 4 MB."""
_SELDOM = 0.2
"""Seconds between two tellings of progress, at least."""
_SWEEP = "import pathlib, sys; from router.files.whole import sweep; sweep(pathlib.Path(sys.argv[1]))"


class Child:
    """One job, told to ``out`` as it goes."""

    def __init__(self, job: Job, out: BinaryIO) -> None:
        self._job = job
        self._out = out
        self._told = ("", 0.0)

    def work(self) -> None:
        """Do the job; whatever happens is told."""
        try:
            if isinstance(self._job.backlog, Files):
                self._files(self._job.backlog)
            else:
                self._cases(self._job.backlog)
        except CaseError as error:
            self._tell(REFUSED, backlog_status(error).SerializeToString())
        except TableError as error:
            self._tell(REFUSED, backlog_status(error, full=disk_full(error.__cause__)).SerializeToString())
        except Exception:  # noqa: BLE001 - whatever it was, the server tells its log
            self._tell(FAULT, traceback.format_exc().encode())

    def _files(self, files: Files) -> None:
        job = self._job
        run = Run(
            files.cases,
            files.events,
            job.policy,
            self._customers(),
            job.now,
            files.out,
            previous=files.previous,
            with_accepted=job.with_accepted,
            budget=job.budget,
            log=job.log,
            asked_at=job.asked_at,
            memory=(job.memory or available_memory()) // job.share,
            progress=self._progress,
        )
        result = reprioritize(run)
        told = pb.BacklogResult(
            out=str(result.out), manifest=str(manifest_of(result.out)), sha256=result.manifest["output"]["sha256"]
        )
        self._tell(MESSAGE, pb.ReprioritizeResponse(result=_with(told, result)).SerializeToString())

    def _cases(self, parts: tuple[bytes, ...]) -> None:
        job = self._job
        self._progress("reading", 0, 1)
        cases = _read(parts)
        self._progress("deciding", 0, 1)
        customers = self._customers()
        queue = put_in_order(cases, job.policy, customers, job.now, budget=job.budget, with_accepted=job.with_accepted)
        sent = sha256()
        for rows in _messages(queue, Rows(job.policy)):
            body = pb.ReprioritizeCasesResponse(rows=rows).SerializeToString()
            sent.update(body)
            self._tell(MESSAGE, body)
        if job.log is not None:  # before the result: without it a queue is not whole
            tables = {"cases": {"rows": len(cases), "sent": {"sha256": sha256(b"".join(parts)).hexdigest()}}}
            told = manifest(
                of_run(tables, None, job.policy, customers, job.now),
                {"rows": queue.rows.height, "sha256": sent.hexdigest()},
                with_accepted=job.with_accepted,
                budget=job.budget,
            )
            record_run(job.log, told, job.asked_at)
        self._tell(MESSAGE, pb.ReprioritizeCasesResponse(result=_with(pb.BacklogResult(), queue)).SerializeToString())

    def _customers(self) -> Customers:
        policy = self._job.policy
        if self._job.snapshot is not None:
            return of_snapshot(Snapshot.open(self._job.snapshot))
        return of_records(FactRecords(facts_layout(policy), policy.currency, None, {}))

    def _progress(self, doing: str, done: int, of: int) -> None:
        """Tell progress. Both kinds of responses have it in the same field."""
        before, at = self._told
        now = time.monotonic()
        if doing != before or now - at >= _SELDOM:
            self._told = doing, now
            step = pb.BacklogProgress(doing=doing, done=done, total=of)
            self._tell(PROGRESS, pb.ReprioritizeResponse(progress=step).SerializeToString())

    def _tell(self, kind: bytes, body: bytes) -> None:
        self._out.write(frame(kind, body))
        self._out.flush()


def _with(told: pb.BacklogResult, result: Result | Queue) -> pb.BacklogResult:
    told.summary.CopyFrom(summary_to_wire(result.summary))
    if result.funding is not None:
        told.funding.CopyFrom(funding_to_wire(result.funding))
    return told


def _read(parts: tuple[bytes, ...]) -> list[Case]:
    """All cases of an upload, told apart by their place in it. Raises ``CaseError`` with everything that is wrong."""
    problems: list[Problem] = []
    cases: list[Case] = []
    places: dict[str, int] = {}
    for wire in (case for part in parts for case in pb.ReprioritizeCasesRequest.FromString(part).cases):
        place = len(cases)

        def wrong(field: str, message: str, place: int = place) -> None:
            problems.append(Problem("invalid-case", message, field=f"cases[{place}].{field}"))

        head = head_of(wire, wrong)
        first = places.setdefault(head.id, place)
        if head.id and first != place:
            wrong("case_id", f"is that of cases[{first}] too")
        cases.append(head._replace(timeline=events_of(wire, wrong)))
    refuse(problems)
    return cases


def _messages(queue: Queue, rows: Rows) -> Iterator[pb.QueueRows]:
    found, size = pb.QueueRows(), 0
    for row in queue.rows.iter_rows(named=True):
        wire = rows.of(row)
        size += wire.ByteSize()
        found.rows.append(wire)
        if size >= _ROWS_BYTES:
            yield found
            found, size = pb.QueueRows(), 0
    if found.rows:
        yield found


def _end_with(source: int, job: Job) -> None:
    """When the input ends, whoever asked has gone: become a process that only removes what is half done."""
    while os.read(source, 1):
        pass
    if isinstance(job.backlog, Files):
        os.execv(sys.executable, (sys.executable, "-c", _SWEEP, str(job.backlog.out)))  # noqa: S606 - no thread survives that
    os._exit(1)


def main() -> None:
    """Read one job from the input and do it."""
    os.nice(_POLITENESS)
    job: Job = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by the server that started this process
    threading.Thread(target=_end_with, args=(sys.stdin.fileno(), job), daemon=True).start()
    with suppress(BrokenPipeError):
        Child(job, sys.stdout.buffer).work()


if __name__ == "__main__":
    main()
