"""A shop with folders of backlogs, and how to ask it to put them in order."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from google.protobuf.json_format import ParseDict

from router.v1 import backlog_service_pb2 as pb
from router.v1.backlog_service_pb2_grpc import BacklogServiceStub
from tests.bulk.backlog import example, write
from tests.serve.engine import Served, serving
from tests.serve.shop import NOW

TERMS = {"policy": "shop", "now": NOW}
PATIENCE = 60
"""Seconds after which what does not happen fails its test."""


@dataclass
class Desk:
    """A server that may read and write ``root``, beside which lies what it may not."""

    served: Served
    root: Path

    @property
    def stub(self) -> BacklogServiceStub:
        return BacklogServiceStub(self.served.channel)

    def run(self, **given: Any) -> list[pb.ReprioritizeResponse]:  # noqa: ANN401 - fields of a request
        """All that a run over the example tells."""
        return list(self.stub.Reprioritize(files(**given)))

    def send(self, *parts: dict[str, Any]) -> list[pb.ReprioritizeCasesResponse]:
        """All that a run over what is sent tells."""
        return list(self.stub.ReprioritizeCases(sent(*parts)))

    def listing(self) -> list[str]:
        """What is in the root, though it may change meanwhile."""
        found = [Path(folder) / name for folder, folders, files in os.walk(self.root) for name in (*folders, *files)]
        return sorted(path.relative_to(self.root).as_posix() for path in found)


@contextmanager
def desk(shop: Served, folder: Path, **settings: Any) -> Iterator[Desk]:  # noqa: ANN401 - settings by name
    """The shop, served anew with the example backlog in ``root`` below the folder; two of its customers are the shop's."""
    root = folder / "root"
    if not root.exists():
        root.mkdir()
        for name in ("cases", "events"):
            write(of_the_shop(name), root / f"{name}.csv")
    with serving(shop.service.state, **{"backlog_roots": [root], **settings}) as served:
        yield Desk(served, root)


def of_the_shop(name: str) -> list[dict[str, str | None]]:
    """The example with customers, an order and an issue of the shop."""
    ours = {"C-1": "ann", "C-2": "bob", "O-11": "o1", "parcel_late": "delivery_failed"}
    return [{column: ours.get(value or "", value) for column, value in row.items()} for row in example(name)]


def files(**given: Any) -> pb.ReprioritizeRequest:  # noqa: ANN401 - fields of a request
    """The question for the example in its root."""
    asked = {"terms": TERMS, "cases": ["cases.csv"], "events": ["events.csv"], "out": "queue.parquet", **given}
    return ParseDict(asked, pb.ReprioritizeRequest())


def sent(*parts: dict[str, Any]) -> Iterator[pb.ReprioritizeCasesRequest]:
    """Parts of an upload."""
    return (ParseDict(part, pb.ReprioritizeCasesRequest()) for part in parts)


def steps(answers: Iterable[pb.ReprioritizeResponse | pb.ReprioritizeCasesResponse]) -> list[str]:
    """What kinds of messages came, each said once."""
    return list(dict.fromkeys(str(each.WhichOneof("step")) for each in answers))


@contextmanager
def one_part(part: dict[str, Any]) -> Iterator[Iterator[pb.ReprioritizeCasesRequest]]:
    """What is sent by who sends one part and then nothing, as long as the context lasts."""
    ended = Event()

    def parts() -> Iterator[pb.ReprioritizeCasesRequest]:
        yield from sent(part)
        ended.wait(PATIENCE)

    try:
        yield parts()
    finally:
        ended.set()


def until(fact: Callable[[], bool]) -> bool:
    """Whether a fact comes true, within patience."""
    end = time.monotonic() + PATIENCE
    while not fact() and time.monotonic() < end:
        time.sleep(0.01)
    return fact()


def runs_of(process: int, script: bytes) -> list[int]:
    """The processes of runs that a process has started, by a word of their command."""
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        with suppress(OSError):  # threads and processes end at any moment
            for pid in (task / "children").read_text().split():
                found += [int(pid)] if script in Path(f"/proc/{pid}/cmdline").read_bytes() else []
    return found


def own_runs(script: bytes) -> list[int]:
    """The same of this process."""
    return runs_of(os.getpid(), script)
