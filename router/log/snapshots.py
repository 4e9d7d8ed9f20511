"""Erases a customer from published snapshots: older ones that hold them go, the current one is published again without."""

import json
import shutil
from pathlib import Path

import polars as pl
from polars import col

from router.crm.publish import Content, publish
from router.crm.shards import CUSTOMERS, ORDERS
from router.crm.snapshot import CURRENT, MANIFEST, Snapshot
from router.errors import Problem, SnapshotError
from router.text import nfc


def erase_from(folder: Path, customer_id: str) -> list[str]:
    """What was done to the snapshots in a folder, in words; empty if none holds the customer.

    Ids of orders stay: a snapshot does not say whose they are. A server takes over the new snapshot by itself, unless it was
    told not to reload. Raises ``SnapshotError``.
    """
    try:
        current = str(json.loads((folder / CURRENT).read_bytes())["id"])
    except (OSError, ValueError, KeyError) as error:
        said = "no snapshots here: give the folder that `snapshot build --out` wrote to"
        raise SnapshotError([Problem("no-snapshot", said, str(folder))]) from error
    contents = sorted(path.parent for path in folder.glob(f"*/{MANIFEST}") if not path.parent.name.startswith("."))
    holding = [path for path in contents if Snapshot.open(path).customer(customer_id, 0) is not None]
    done = []
    if folder / current in holding:
        new = _without(folder, folder / current, nfc(customer_id), keep=len(contents) + 1)
        done.append(f"snapshot {new} is current in {folder}; servers take it over, or start them again")
    for path in holding:
        shutil.rmtree(path)
        done.append(f"snapshot {path.name} was removed from {folder}")
    return done


def _without(folder: Path, content: Path, customer_id: str, keep: int) -> str:
    """Publish a content again without a customer, in as many shards; gives back its id."""
    snapshot = Snapshot.open(content)
    manifest = snapshot.manifest
    facts = pl.scan_ipc(snapshot.files(CUSTOMERS)).filter(col("customer_id") != customer_id).collect()
    orders = pl.scan_ipc(snapshot.files(ORDERS)).collect().to_series() if snapshot.files(ORDERS) else None
    parts = Content(manifest.as_of, manifest.currency, facts, orders, manifest.extras, manifest.sources, manifest.warnings)
    return publish(parts, folder, shards=manifest.shards, keep=keep).id
