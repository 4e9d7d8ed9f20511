"""``case-router serve``: thin, since others do the work."""

from pathlib import Path
from typing import Annotated

import typer


def serve(
    *,
    config: Annotated[Path | None, typer.Option(help="Settings in a file (YAML).")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0: any free one.")] = None,
    policies: Annotated[Path | None, typer.Option(help="Folder of the policies; by default those shipped.")] = None,
    snapshot: Annotated[
        Path | None, typer.Option(help="Folder of the snapshot; without one everybody is a stranger.")
    ] = None,
    drafts: Annotated[
        bool | None, typer.Option("--drafts/--no-drafts", help="Serve policies without a release too.")
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
        "drafts": drafts,
        "processes": processes,
    }
    settings = read_settings(config, **given)
    main(settings, started=lambda bound: typer.echo(f"serving on {settings.host}:{bound}"))
