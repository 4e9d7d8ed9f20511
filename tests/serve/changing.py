"""The shop while its policies and its snapshot change under it."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from router.crm.snapshot import Snapshot
from router.policy.releasing import release, rollback
from router.policy.store import PolicyStore
from router.serve.live import Live
from router.serve.state import State
from router.time import parse_instant
from router.v1 import case_router_service_pb2 as pb
from tests.serve.engine import ENGINE_VERSION, Served, serving
from tests.serve.shop import AS_OF, NOW, asked, write_policies, write_snapshot

LATER = "2016-06-02T10:00:00Z"


@dataclass
class Changing:
    """The shop, served, with what keeps it up to date; nothing is looked at unless a test says so."""

    served: Served
    live: Live
    folder: Path

    @property
    def policies(self) -> Path:
        return self.folder / "policies"

    def await_(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self.served.loop).result()

    def look(self) -> None:
        self.await_(self.live.look())

    def info(self) -> pb.GetServerInfoResponse:
        found: pb.GetServerInfoResponse = self.served.stub.GetServerInfo(pb.GetServerInfoRequest())
        return found

    def put(self, version: str, since: str = NOW, trial: str | None = None, **changes: str) -> None:
        """Release a version of the shop's policy, its text changed in some places."""
        put(self.policies, version, since, trial, **changes)

    def back(self) -> None:
        """Roll the shop's policy back."""
        rollback(self.policies, "shop", effective_from=parse_instant(NOW), by="a test", note="back")

    def version(self, **given: Any) -> str:  # noqa: ANN401 - fields of a request
        return asked(self.served, **given).provenance.policy_version


def put(root: Path, version: str, since: str = NOW, trial: str | None = None, **changes: str) -> None:
    path = root / "shop" / f"{version}.yaml"
    text = (root / "shop" / "1.1.0.yaml").read_text().replace("version: 1.1.0", f"version: {version}")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    release(root, "shop", version, effective_from=parse_instant(since), by="a test", note="a change", trial=trial)


@contextmanager
def changing(
    folder: Path,
    *,
    cut: int = 1,
    shards: Sequence[int] = (),
    **settings: Any,  # noqa: ANN401 - settings by name
) -> Iterator[Changing]:
    """The shop in a folder, served (its snapshot cut into so many shards, some of them), and ready to be changed."""
    write_policies(folder / "policies")
    (folder / "policies" / "shop" / "2.0.0.yaml").unlink()
    write_snapshot(folder / "snapshot", shards=cut)
    snapshot = Snapshot.open(folder / "snapshot", shards)
    state = State(PolicyStore.open(folder / "policies"), snapshot, ENGINE_VERSION).prepare()
    with serving(state, **settings) as served:
        live = Live(served.service, folder / "policies", folder / "snapshot", lambda: AS_OF, shards=shards)
        yield Changing(served, live, folder)
