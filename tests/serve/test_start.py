"""A server does not start on what is wrong: it says all of it, with what to do, and nothing listens."""

import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from router.cli import main
from router.crm.snapshot import Snapshot
from router.serve.server import open_state
from router.serve.settings import read_settings
from tests.serve.shop import AS_OF, POLICY, write_policies, write_snapshot


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_policies(tmp_path / "policies")
    write_snapshot(tmp_path / "snapshot")
    return tmp_path


class Refusal:
    """How starts were refused."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.capsys, self.monkeypatch = folder, capsys, monkeypatch

    def __call__(self, *more: str) -> tuple[int, str]:
        """The exit code and what was said, the shop's folder left out of it; nothing may listen."""

        def listen(*_: object, **__: object) -> NoReturn:
            raise AssertionError("a server was made")

        self.monkeypatch.setattr("grpc.aio.server", listen)
        options = [f"--policies={self.folder / 'policies'}", f"--snapshot={self.folder / 'snapshot'}", "--port=0"]
        self.monkeypatch.setattr(sys, "argv", ["case-router", "serve", "--processes=1", *options, *more])
        with pytest.raises(SystemExit) as info:
            main()
        said = self.capsys.readouterr()
        assert said.out == ""
        assert isinstance(info.value.code, int)
        return info.value.code, said.err.replace(f"{self.folder}/", "")


@pytest.fixture
def refusal(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Refusal:
    return Refusal(folder, capsys, monkeypatch)


def test_a_policy_that_does_not_check_is_not_served(folder: Path, refusal: Refusal) -> None:
    (folder / "policies/desk/1.0.0.yaml").write_text(
        POLICY.replace("policy: shop", "policy: desk").replace("customer.spend_12m >= 100", "customer.spent_12m >= 100")
    )
    line = POLICY[: POLICY.index("customer.spend_12m >= 100")].count("\n") + 1
    code, said = refusal()
    assert code == 1
    assert f"policies/desk/1.0.0.yaml:{line}:11: no fact customer.spent_12m; did you mean customer.spend_12m" in said
    assert said.splitlines()[1:3] == [
        f"{line:>5} |     when: customer.spent_12m >= 100 or customer.subscribed",
        "      |           ^^^^^^^^^^^^^^^^^^",
    ]


def test_a_released_policy_that_was_edited_is_not_served(folder: Path, refusal: Refusal) -> None:
    file = folder / "policies/shop/1.0.0.yaml"
    file.write_text(file.read_text().replace("points: 150", "points: 151"))
    code, said = refusal()
    assert code == 1
    assert "policies/shop/1.0.0.yaml: version 1.0.0 was released and has changed since" in said
    assert "restore it as it was, or release the change as a new version [edited-release]" in said


def test_a_folder_without_policies_is_told(folder: Path, refusal: Refusal) -> None:
    shutil.rmtree(folder / "policies")
    (folder / "policies").mkdir()
    assert refusal() == (1, "policies: there is no policy below this folder [missing-version]\n")


def test_a_damaged_snapshot_is_refused_with_what_to_do(folder: Path, refusal: Refusal) -> None:
    file = Snapshot.open(folder / "snapshot").path / "customers.arrow"
    whole = file.read_bytes()
    for damage, told in (
        (whole[:-8], f"customers.arrow has {len(whole) - 8} bytes instead of {len(whole)}"),
        (b"", f"customers.arrow has 0 bytes instead of {len(whole)}"),
        (bytes(len(whole)), "customers.arrow cannot be read"),
    ):
        file.write_bytes(damage)
        code, said = refusal()
        assert code == 1
        assert f"the snapshot is damaged: {told}; build it again with `case-router snapshot build`" in said
    file.unlink()
    assert "the snapshot is damaged: customers.arrow is not there; build it again" in refusal()[1]


def test_a_shard_that_there_is_not_is_refused(folder: Path, refusal: Refusal) -> None:
    write_snapshot(folder / "snapshot", shards=4)
    code, said = refusal("--shards=0,4")
    assert code == 1
    assert said.endswith(": the snapshot has no shard 4; there are 4, 0 to 3 [no-shard]\n")
    assert refusal("--shards=all") == (
        2,
        "options: shards: 'all' is no number of a shard; they count from 0, as in 0,3 [bad-setting]\n",
    )


def test_a_folder_that_holds_no_snapshot_is_refused_with_what_to_do(folder: Path, refusal: Refusal) -> None:
    (folder / "snapshot/current.json").unlink()
    code, said = refusal()
    assert code == 1
    assert "no snapshot here, current.json is not there; build it again with `case-router snapshot build`" in said


def test_what_is_wrong_with_the_policies_and_with_the_snapshot_is_told_at_once(folder: Path, refusal: Refusal) -> None:
    (folder / "policies/shop/1.1.0.yaml").unlink()
    (folder / "policies/desk/1.0.0.yaml").write_text("policy: [")
    (folder / "snapshot/current.json").write_text("{")
    code, said = refusal()
    assert code == 1
    for code_of in ("[missing-version]", "[bad-yaml]", "[snapshot-damaged]"):
        assert code_of in said


def test_wrong_settings_are_told_at_once_with_another_code(refusal: Refusal) -> None:
    code, said = refusal("--port=70000", "--snapshot=/nowhere/at/all")
    assert code == 2
    assert said.splitlines() == [
        "options: port: Input should be less than or equal to 65535 [bad-setting]",
        "options: snapshot: there is no folder /nowhere/at/all [bad-setting]",
    ]


def test_drafts_are_served_only_when_asked_for(folder: Path) -> None:
    for drafts, versions in ((False, ["1.0.0", "1.1.0"]), (True, ["1.0.0", "1.1.0", "2.0.0"])):
        state = open_state(read_settings(policies=folder / "policies", drafts=drafts))
        assert [policy.version for policy, _, _ in state.policies.versions(AS_OF) if policy.name == "shop"] == versions


def test_of_which_policy_nothing_is_in_force_is_told(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING", "case_router.serve")
    open_state(read_settings(policies=folder / "policies"))
    assert caplog.messages == []
    (folder / "policies" / "desk" / "releases.yaml").unlink()
    open_state(read_settings(policies=folder / "policies"))
    (said,) = caplog.messages
    assert "no version of desk is in force" in said
    assert "release one, or serve with drafts" in said


def test_a_draft_that_is_served_is_told(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING", "case_router.serve")
    open_state(read_settings(policies=folder / "policies", drafts=True))
    assert caplog.messages == ["shop 2.0.0 is served as a draft; `policy check` says whether it is fair"]


def test_without_options_the_shipped_policies_are_served_and_everybody_is_a_stranger() -> None:
    state = open_state(read_settings())
    assert "retail" in {policy.name for policy, _, _ in state.policies.versions(AS_OF)}
    assert (state.records.id, state.records.as_of) == ("", None)
    assert state.records.customer("ann", 0) is None
