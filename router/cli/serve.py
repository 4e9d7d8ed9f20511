"""``case-router serve``: thin, since others do the work."""

from pathlib import Path
from typing import Annotated

import typer


def serve(  # noqa: PLR0913 - an argument for each option
    *,
    config: Annotated[Path | None, typer.Option(help="Settings in a file (YAML).")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0: any free one.")] = None,
    policies: Annotated[Path | None, typer.Option(help="Folder of the policies; by default those shipped.")] = None,
    snapshot: Annotated[
        Path | None, typer.Option(help="Folder of the snapshot; without one everybody is a stranger.")
    ] = None,
    shards: Annotated[
        str | None, typer.Option(metavar="0,3", help="Shards of the snapshot to look customers up in; by default all.")
    ] = None,
    drafts: Annotated[
        bool | None, typer.Option("--drafts/--no-drafts", help="Serve policies without a release too.")
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="Folder of the decision log; without one decisions are not logged.")
    ] = None,
    log_key_file: Annotated[
        Path | None, typer.Option(help="File of the log's key; without one CASE_ROUTER_LOG_KEY holds it.")
    ] = None,
    log_durability: Annotated[
        str | None, typer.Option(metavar="system|sync", help="Whether a reply waits for the system or for the disk.")
    ] = None,
    log_on_full: Annotated[
        str | None, typer.Option(metavar="refuse|warn", help="What becomes of a decision that cannot be logged.")
    ] = None,
    log_hash_ids: Annotated[
        bool | None, typer.Option("--log-hash-ids/--log-plain-ids", help="Log ids as keyed hashes.")
    ] = None,
    processes: Annotated[int | None, typer.Option(help="Processes that share the port; 0: one for each core.")] = None,
) -> None:
    """Serve decisions over gRPC until told to stop.

    An option goes before the environment (CASE_ROUTER_PORT), the environment before the file.
    """
    from router.serve.server import main
    from router.serve.settings import read_settings

    given = {
        "host": host,
        "port": port,
        "policies": policies,
        "snapshot": snapshot,
        "shards": shards,
        "drafts": drafts,
        "log": log,
        "log_key_file": log_key_file,
        "log_durability": log_durability,
        "log_on_full": log_on_full,
        "log_hash_ids": log_hash_ids,
        "processes": processes,
    }
    settings = read_settings(config, **given)
    main(settings, started=lambda bound: typer.echo(f"serving on {settings.host}:{bound}"))
