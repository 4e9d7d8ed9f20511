"""``make bench``: every figure, as a table and in ``build/bench.json``.

A name or more as arguments measure only those groups; the others keep what the file says.
"""

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import bulk, check, log, plan, service, snapshot, spark, switch
from benchmarks.figures import Figures, meets

GROUPS = {
    "plan": plan.measure,
    "check": check.measure,
    "service": service.measure,
    "log": log.measure,
    "switch": switch.measure,
    "snapshot": snapshot.measure,
    "bulk": bulk.measure,
    "spark": spark.measure,
}
EXTRA = frozenset({"spark"})
"""Groups that are measured only where they are asked for: they need more than the project does."""
OUT = Path(__file__).parents[1] / "build" / "bench.json"


def main(chosen: list[str]) -> None:
    """Measure, write, print."""
    figures: Figures = json.loads(OUT.read_text(encoding="utf-8")) if OUT.is_file() and chosen else {}
    for name, measure in GROUPS.items():
        if name in chosen or (not chosen and name not in EXTRA):
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            figures |= measure()
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    table = Table("figure", "value", "unit", "bar", "met", "how")
    for name, entry in figures.items():
        met = meets(entry)
        table.add_row(
            name,
            f"{entry['value']:,}",
            entry["unit"],
            entry["bar"],
            "" if met is None else "yes" if met else "no",
            entry["how"],
        )
    Console(width=None if sys.stdout.isatty() else 160).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
