"""Scenarios: what is expected is compared exactly, and what fails is told with what lies behind it."""

from pathlib import Path

import pytest

from router.errors import PolicyError
from router.policy.store import policy_folders
from router.scenarios.choose import PolicyChooser, choose
from router.scenarios.document import ExpectDocument
from router.scenarios.explain import explain
from router.scenarios.load import bind, read_files, scenario_files
from router.scenarios.model import Observed, Outcome, Scenario
from router.scenarios.run import run

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "policies"
BAD = sorted((HERE / "bad").glob("*.yaml"))


def outcomes(*files: Path, policy: str = "") -> tuple[Outcome, ...]:
    return run(bind(read_files(files), PolicyChooser(HERE, policy)))


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages name files as they were given."""
    monkeypatch.chdir(HERE)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_everything_wrong_with_a_scenario_file_is_said_at_once(path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        outcomes(path.relative_to(HERE), policy="shop")
    assert str(caught.value) + "\n" == path.with_suffix(".txt").read_text()


def test_every_expectation_can_hold() -> None:
    found = outcomes(*scenario_files(Path("shop/tests")))
    assert [explain(outcome) for outcome in found if outcome.failures] == []
    assert len(found) == 10


def test_every_expectation_can_fail_and_is_told_with_what_lies_behind_it() -> None:
    found = outcomes(Path("failing.yaml"), policy="shop")
    assert "\n\n".join(map(explain, found)) + "\n" == Path("failing.txt").read_text()
    first = {failure.field.partition(".")[0] for failure in found[0].failures}
    assert first == set(ExpectDocument.model_fields)


@pytest.mark.parametrize("folder", policy_folders(SHIPPED), ids=lambda folder: folder.name)
def test_the_scenarios_of_the_shipped_policies_hold(folder: Path) -> None:
    found = run(bind(read_files(choose(folder).files), PolicyChooser(SHIPPED)))
    assert "\n".join(explain(outcome) for outcome in found if outcome.failures) == ""


@pytest.mark.parametrize("folder", policy_folders(SHIPPED), ids=lambda folder: folder.name)
def test_every_rule_of_the_shipped_policies_fires_in_some_scenario(folder: Path) -> None:
    found = run(bind(read_files(choose(folder).files), PolicyChooser(SHIPPED)))
    rules = {rule.id for outcome in found for rule in outcome.scenario.policy.rules}
    assert rules - {rule for outcome in found for rule in outcome.observed.fired} == set()


def test_a_scenario_is_decided_once_however_often_it_is_compared_with() -> None:
    scenarios = bind(read_files(scenario_files(Path("shop/tests"))), PolicyChooser(HERE))
    row = run(scenarios)
    asked: list[str] = []
    seen = {outcome.scenario: outcome.observed for outcome in row}

    def engine(scenario: Scenario) -> Observed:
        asked.append(scenario.name)
        return seen[scenario]

    assert run(scenarios, engine) == row
    assert sorted(asked) == sorted(scenario.name for scenario in scenarios)


# which policy, which files


def used(file: Path, *, policy: str = "", root: Path = HERE) -> list[str]:
    scenarios = bind(read_files([file]), PolicyChooser(root, policy))
    return [f"{scenario.policy.name} {scenario.policy.version}" for scenario in scenarios]


def test_a_scenario_pins_its_version_or_takes_the_newest() -> None:
    assert used(HERE / "shop/tests/promises.yaml") == ["shop 1.0.0", "shop 1.0.0", "shop 1.10.0"]


def test_a_policy_that_is_asked_for_goes_before_what_the_files_say() -> None:
    file = HERE / "shop/tests/promises.yaml"
    assert used(file, policy="shop/1.0.0.yaml") == ["shop 1.0.0"] * 3
    assert used(file, policy="shop") == ["shop 1.0.0", "shop 1.0.0", "shop 1.10.0"]


def test_a_file_of_no_policy_is_decided_by_the_retail_policy() -> None:
    assert used(HERE / "anywhere.yaml", root=SHIPPED) == ["retail 1.0.0"]
    with pytest.raises(PolicyError, match=r"no policy retail: .* known: shop"):
        used(HERE / "anywhere.yaml")


def test_a_folder_that_happens_to_have_the_name_of_a_policy_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "retail").mkdir()
    (tmp_path / "retail" / "notes.yaml").write_text("just: notes\n")
    monkeypatch.chdir(tmp_path)
    assert used(HERE / "anywhere.yaml", root=SHIPPED) == ["retail 1.0.0"]
    assert used(HERE / "anywhere.yaml", root=SHIPPED, policy="retail") == ["retail 1.0.0"]


def test_a_path_stands_for_scenario_files() -> None:
    tests = [Path("shop/tests/promises.yaml"), Path("shop/tests/strangers.yaml"), Path("shop/tests/written.yaml")]
    assert choose(Path("failing.yaml")).files == (Path("failing.yaml"),)
    assert choose(Path("shop/tests")).files == choose(Path("shop")).files == choose(Path()).files == tuple(tests)
    given = choose(Path("shop/1.0.0.yaml"))
    assert (given.files, given.policy) == (tuple(tests), Path("shop/1.0.0.yaml"))


@pytest.mark.parametrize(
    ("path", "said"), [("nowhere", "there is no such file or folder"), ("empty", "there is no scenario file")]
)
def test_a_path_without_scenarios_is_refused(path: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(PolicyError, match=said):
        choose(tmp_path / path)


def test_a_neighbour_that_cannot_be_read_is_no_matter_of_this_file(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text("- {name: a, better_than: b, now: 2016-06-01, case: {opened_at: 2016-06-01}}\n")
    (tmp_path / "notes.yaml").write_text("just: notes\n")
    with pytest.raises(PolicyError) as caught:
        outcomes(file, policy="shop")
    assert [problem.message for problem in caught.value.problems] == ["no scenario 'b' in this folder; known: a"]
