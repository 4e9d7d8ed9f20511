"""``case-router policy``: check, test, compare, release, describe and explain policies."""

import typer

from router.cli.policy.changed import changed
from router.cli.policy.check import check
from router.cli.policy.compare import diff
from router.cli.policy.explain import explain
from router.cli.policy.reference import facts, schema
from router.cli.policy.release import release, rollback
from router.cli.policy.scenarios import run_scenarios
from router.cli.policy.show import list_policies, show

app = typer.Typer(help="Check, test, compare, release, describe and explain policies.", no_args_is_help=True)
app.command()(check)
app.command("test")(run_scenarios)
app.command()(diff)
app.command()(changed)
app.command()(release)
app.command()(rollback)
app.command("list")(list_policies)
app.command()(show)
app.command()(explain)
app.command()(schema)
app.command()(facts)
