"""``case-router snapshot``: build a snapshot of CRM history, and look into one."""

from pathlib import Path
from typing import Annotated

import typer

from router.cli.common import AsJson, Time, console, instant, is_missing, print_json
from router.cli.reprioritize import Engine
from router.crm.shards import BUCKETS

app = typer.Typer(help="Build a snapshot of CRM history, and look into one.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the snapshot.", show_default=False)]


@app.command()
def build(
    *,
    mapping: Annotated[Path, typer.Option(help="Mapping file: where the tables are and how they are read.")],
    out: Annotated[Path, typer.Option(help="Folder to publish the snapshot in.")],
    as_of: Time = "",
    shards: Annotated[
        int, typer.Option(min=1, max=BUCKETS, help="How many files to cut the customers into, by a hash of the id.")
    ] = 1,
    engine: Annotated[Engine, typer.Option(help="This machine, or a Spark cluster.")] = Engine.LOCAL,
    master: Annotated[str, typer.Option(help="Spark's name of the cluster; by default its own settings say.")] = "",
    keep: Annotated[int, typer.Option(min=1, help="How many snapshots to keep in the folder, the new one among them.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Build a snapshot of what the tables knew at a time, and publish it as the current one."""
    at = instant(as_of, "--as-of")
    if engine is Engine.SPARK:
        from router.cli.cluster import build_on

        manifest = build_on(master, mapping, out, at, shards=shards, keep=keep)
    else:
        from router.crm.build import build as build_snapshot

        manifest = build_snapshot(mapping, out, at, shards=shards, keep=keep)
    if as_json:
        print_json(manifest.to_dict())
        return
    for warning in manifest.warnings:
        typer.echo(f"warning: {warning}", err=True)
    cut = f" in {manifest.shards} shards" if manifest.shards > 1 else ""
    typer.echo(f"snapshot {manifest.id} of {manifest.rows:,} customers{cut} is current in {out}")


@app.command()
def show(folder: Folder, *, as_json: AsJson = False) -> None:
    """Show what a snapshot says of itself: id, time, rows, shards, facts and the files it was made from."""
    from rich.table import Table

    from router.crm.snapshot import Snapshot
    from router.time import format_instant

    manifest = Snapshot.open(folder).manifest
    if as_json:
        print_json(manifest.to_dict())
        return
    table = Table(show_header=False)
    for name, value in (
        ("id", manifest.id),
        ("as of", format_instant(manifest.as_of)),
        ("customers", f"{manifest.rows:,}"),
        ("orders", "no table" if manifest.orders is None else f"{manifest.orders:,}"),
        ("currency", manifest.currency),
        ("schema", str(manifest.schema)),
        ("made by", manifest.engine),
        ("facts", ", ".join(manifest.facts)),
        *((file.name, f"{file.rows:,} rows, {file.bytes:,} bytes") for file in manifest.files),
        *(
            (f"from {source.table}", f"{source.path} ({source.bytes:,} bytes, {source.sha256[:12]})")
            for source in manifest.sources
        ),
        *(("warning", warning) for warning in manifest.warnings),
    ):
        table.add_row(name, value)
    console().print(table)


@app.command()
def customer(
    folder: Folder,
    customer_id: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
    *,
    now: Time = "",
    as_json: AsJson = False,
) -> None:
    """Show every fact that is known of one customer, with the clock at a time. Exit code 1 if the customer is unknown."""
    from rich.table import Table

    from router.crm.snapshot import Snapshot
    from router.facts import Type
    from router.money import EXPONENTS
    from router.policy.sentence import say
    from router.time import format_instant

    snapshot = Snapshot.open(folder)
    at = instant(now, "--now")
    facts = snapshot.customer(customer_id, at)
    if facts is None:
        typer.echo(f"customer {customer_id} is not in snapshot {snapshot.id}", err=True)
        raise typer.Exit(1)
    by_name = dict(zip((fact.name for fact in snapshot.layout), facts, strict=True))
    known = {name: value for name, value in by_name.items() if not is_missing(value)}
    if as_json:
        print_json({"customer_id": customer_id, "now": format_instant(at), "facts": known})
        return
    table = Table("fact", "value", "unit", "meaning", title=f"{customer_id} at {format_instant(at)}")
    for fact in snapshot.layout:
        if fact.name in known:
            decimals = str(EXPONENTS[snapshot.currency]) if fact.type is Type.MONEY else ""
            table.add_row(fact.name, say(known[fact.name], decimals), fact.unit, fact.meaning)
    console().print(table)
    missing = [fact.name for fact in snapshot.layout if fact.name not in known]
    if missing:
        console().print(f"missing: {', '.join(missing)}")
