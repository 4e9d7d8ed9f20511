"""The server as it is shipped, on one core, with its calls by three more names, all of them found alike.

``bench.Calls/Plain…`` are its own, ``Logged…`` its own with a log; ``Ready…`` parse the same request and return ready bytes.

``python bench_server.py SNAPSHOT REQUESTS``: the folder REQUESTS holds ``route_basic.bin`` and the like, each a gRPC frame.
Prints its port and serves until told to stop.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc

from router.log.decisions import open_log
from router.log.key import Key
from router.log.record import Manner
from router.serve import memory
from router.serve.server import build_server, open_state
from router.serve.service import CaseRouter
from router.serve.settings import Settings
from router.v1 import case_router_service_pb2 as pb

FRAME = 5
"""Bytes of gRPC before a message: a flag and a length."""

Handler = Callable[[bytes, Any], Awaitable[bytes]]


def ready(parse: Callable[[bytes], object], answer: bytes) -> Handler:
    """A call that parses its request and returns the same bytes each time."""

    async def call(data: bytes, context: object) -> bytes:
        del context
        parse(data)
        return answer

    return call


def read(requests: Path) -> dict[str, bytes]:
    """The messages in a folder, by name."""
    return {file.stem: file.read_bytes()[FRAME:] for file in sorted(requests.glob("*.bin"))}


async def serve(snapshot: Path, requests: Path) -> None:
    """Serve until the process is told to stop."""
    settings = Settings(snapshot=snapshot, batch_limit=100_000, largest_message_mb=512, log_level="ERROR", drafts=True)
    state = open_state(settings)
    server, service, *_ = build_server(settings, state)
    log = open_log(requests / "log", Manner(Key(b"the key of a benchmark")))
    logged = CaseRouter(state, batch_limit=settings.batch_limit, log=log)
    calls: dict[str, Handler] = {}
    for stem, data in read(requests).items():
        batch = stem.startswith("batch")
        call, with_log = (each.batch_route_cases if batch else each.route_case for each in (service, logged))
        answer = await call(data, None)  # type: ignore[arg-type] # only an error would need the context
        parse = pb.BatchRouteCasesRequest.FromString if batch else pb.RouteCaseRequest.FromString
        calls |= {f"plain_{stem}": call, f"logged_{stem}": with_log, f"ready_{stem}": ready(parse, answer)}
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        name: grpc.unary_unary_rpc_method_handler(call) for name, call in calls.items()
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Calls", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    memory.settle()
    print(port, flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), Path(sys.argv[2])))
