"""``case-router route``: decide one case from a file and explain it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.common import AsJson, Root, Time, console, instant, policies_root, print_json

if TYPE_CHECKING:
    from router.cases.model import Case
    from router.decide.model import Records
    from router.policy.model import Policy


def route(
    file: Annotated[
        Path, typer.Argument(help="The case (YAML, JSON), as in a scenario; - reads it from the input.", allow_dash=True)
    ],
    *,
    snapshot: Annotated[Path | None, typer.Option(help="Folder of the snapshot to look the customer up in.")] = None,
    policy: Annotated[str, typer.Option(help="Name of a policy, or a policy file; by default retail.")] = "",
    policy_version: Annotated[str, typer.Option(help="Version; by default the one in force.")] = "",
    policies: Root = None,
    now: Time = "",
    as_json: AsJson = False,
) -> None:
    """Decide one case and explain it in words.

    The file has `case`, as in a scenario, and beside it may have `now` and the facts of the `customer`; or the keys of the
    case stand there themselves.
    """
    from router.cli.tell import decision_data, tell
    from router.decide.decider import Decider

    text = typer.get_text_stream("stdin").read() if str(file) == "-" else _read(file)
    given = instant(now, "--now") if now else None
    root = policies_root(policies)
    chosen, case, records, at = _question(text, str(file), given, policy, policy_version, root, snapshot)
    decision = Decider(chosen, records).decide(case, text.encode(errors="surrogatepass"), at)
    if as_json:
        print_json(decision_data(decision))
    else:
        tell(decision, console())


def _read(file: Path) -> str:
    from router.errors import CaseError, Problem

    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError([Problem("bad-file", f"cannot be read: {error}", str(file))]) from error


def _question(
    text: str, name: str, now: int | None, policy: str, version: str, root: Path, snapshot: Path | None
) -> "tuple[Policy, Case, Records, int]":
    """The policy, the case, the records and the time of a question."""
    from router.cli.question import read_question
    from router.decide.records import FactRecords, facts_layout, read_facts
    from router.errors import CaseError
    from router.scenarios.load import CUSTOMER, ORDER
    from router.yaml import load

    source = load(text, name)
    document = read_question(source)
    if document is None:
        raise CaseError(source.problems)
    stated = document.now if now is None else now
    at = instant("", "") if stated is None else stated
    chosen = named_policy(policy or document.policy or "retail", version or document.policy_version, root, at)
    layout = facts_layout(chosen)
    facts, mistakes = read_facts(document.customer or {}, layout)
    source.problems += [
        source.problem(code, said, ("customer", key), key=code == "unknown-fact") for key, code, said in mistakes
    ]
    if document.customer is not None and snapshot is not None:
        said = "the facts of the customer stand in the file; leave them out, or --snapshot"
        source.problems.append(source.problem("bad-value", said, ("customer",), key=True))
    if source.problems:
        raise CaseError(source.problems)
    case = document.case.case(document.name or Path(name).stem, chosen.currency)
    if document.customer is not None and not case.customer_id:
        case = case._replace(customer_id=CUSTOMER)
    on_record = document.case.order_on_record
    if on_record is not None and not case.order_id:
        case = case._replace(order_id=ORDER)
    if snapshot is not None:
        from router.crm.snapshot import Snapshot

        return chosen, case, Snapshot.open(snapshot), at
    given = document.customer is not None
    known = {case.customer_id: facts} if given and facts is not None else {}
    orders = None if on_record is None else {case.order_id: on_record}
    return chosen, case, FactRecords(layout, chosen.currency, at if given else None, known, orders), at


def named_policy(name: str, version: str, root: Path, now: int) -> "Policy":
    """The policy of a file, or the version of a policy of some name that is in force."""
    from router.policy.store import named_shelf, read_policy

    if Path(name).is_file():
        return read_policy(Path(name))
    return named_shelf(root, name).get(version, now)
