"""``case-router route``: decide one case from a file and explain it."""

from router.cli.common import (
    AsJson,
    CaseFile,
    PolicyName,
    PolicyVersion,
    Root,
    SnapshotFolder,
    Time,
    console,
    policies_root,
    print_json,
)


def route(
    file: CaseFile,
    *,
    snapshot: SnapshotFolder = None,
    policy: PolicyName = "",
    policy_version: PolicyVersion = "",
    policies: Root = None,
    now: Time = "",
    as_json: AsJson = False,
) -> None:
    """Decide one case and explain it in words.

    The file has `case`, as in a scenario, and beside it may have `now` and the facts of the `customer`; or the keys of the
    case stand there themselves.
    """
    from router.cli.question import ask
    from router.cli.tell import decision_data, tell
    from router.decide.decider import Decider

    asked = ask(file, policies_root(policies), policy=policy, version=policy_version, now=now, snapshot=snapshot)
    decision = Decider(asked.policy, asked.records).decide(asked.case, asked.text.encode(errors="surrogatepass"), asked.now)
    if as_json:
        print_json(decision_data(decision))
    else:
        tell(decision, console())
