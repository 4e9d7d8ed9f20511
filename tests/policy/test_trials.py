"""Trials: a version in shadow, or for a share of the customers, beside the one in force; the next entry ends it."""

from pathlib import Path

import pytest

from router.errors import PolicyError
from router.policy.changelog import CHANGELOG
from router.policy.releases import RELEASES, read_releases
from router.policy.releasing import release, rollback
from router.policy.store import PolicyStore
from router.policy.trial import Trial, place_of
from router.time import parse_instant
from tests.policy.small import write

JANUARY, MARCH, JUNE, JULY = (parse_instant(f"2026-{month}-01") for month in ("01", "03", "06", "07"))
PEOPLE = [f"customer-{number}" for number in range(20_000)]


def put(root: Path, version: str, since: int, trial: str | None = None) -> None:
    write(root, version)
    release(root, "small", version, effective_from=since, by="ann", note="a test", trial=trial)


def standing(root: Path, now: int) -> tuple[str, str | None, float | None]:
    """What is in force, what is on trial, and for which share."""
    store = PolicyStore.open(root)
    trial, version = store.trial("small", now), store.get("small", "", now).version
    return (version, trial.policy.version, trial.share) if trial else (version, None, None)


def test_a_version_on_trial_is_not_in_force(tmp_path: Path) -> None:
    put(tmp_path, "1.0.0", JANUARY)
    put(tmp_path, "1.1.0", MARCH, "shadow")
    assert standing(tmp_path, MARCH - 1) == ("1.0.0", None, None)
    assert standing(tmp_path, MARCH) == ("1.0.0", "1.1.0", 0.0)


def test_a_trial_ends_with_the_next_entry_whatever_that_is(tmp_path: Path) -> None:
    put(tmp_path, "1.0.0", JANUARY)
    put(tmp_path, "1.1.0", MARCH, "shadow")
    put(tmp_path, "1.1.0", JUNE, "5%")
    put(tmp_path, "1.1.0", JULY)
    assert standing(tmp_path, MARCH) == ("1.0.0", "1.1.0", 0.0)
    assert standing(tmp_path, JUNE) == ("1.0.0", "1.1.0", 0.05)
    assert standing(tmp_path, JULY) == ("1.1.0", None, None)


def test_a_rollback_during_a_trial_ends_it_and_changes_nothing_else(tmp_path: Path) -> None:
    put(tmp_path, "1.0.0", JANUARY)
    put(tmp_path, "1.1.0", MARCH)
    put(tmp_path, "1.2.0", JUNE, "50%")
    rollback(tmp_path, "small", effective_from=JULY, by="ann", note="enough")
    assert standing(tmp_path, JULY) == ("1.1.0", None, None)
    rollback(tmp_path, "small", effective_from=JULY, by="ann", note="and back")
    assert standing(tmp_path, JULY) == ("1.0.0", None, None)


def test_a_trial_goes_on_when_the_version_beside_it_changes_as_planned_before(tmp_path: Path) -> None:
    put(tmp_path, "1.0.0", JANUARY)
    put(tmp_path, "1.1.0", JULY)
    put(tmp_path, "1.2.0", MARCH, "shadow")
    assert standing(tmp_path, JUNE) == ("1.0.0", "1.2.0", 0.0)
    assert standing(tmp_path, JULY) == ("1.1.0", "1.2.0", 0.0)


def test_without_a_version_in_force_there_is_nothing_to_try_one_beside(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"nothing to try 1\.0\.0 beside"):
        put(tmp_path, "1.0.0", JANUARY, "shadow")


def test_the_file_and_the_changelog_tell_of_a_trial(tmp_path: Path) -> None:
    put(tmp_path, "1.0.0", JANUARY)
    put(tmp_path, "1.1.0", MARCH, "2.5%")
    text = (tmp_path / "small" / RELEASES).read_text()
    assert text.endswith("  trial: 2.5%\n")
    assert [entry.trial for entry in read_releases(text, RELEASES)] == [None, "2.5%"]
    changes = (tmp_path / "small" / CHANGELOG).read_text()
    assert "## 1.1.0, on trial for 2.5% of the customers from 2026-03-01T00:00:00Z" in changes


@pytest.mark.parametrize("trial", ["0%", "100%", "5 %", "canary", "-1%", "1e1%"])
def test_what_is_no_trial_is_refused(tmp_path: Path, trial: str) -> None:
    put(tmp_path, "1.0.0", JANUARY)
    with pytest.raises(PolicyError, match="is no trial; write shadow, or a share of the customers"):
        put(tmp_path, "1.1.0", MARCH, trial)


def test_a_customer_stands_at_one_place_and_a_larger_share_contains_the_smaller() -> None:
    policy = None
    small, large = (Trial(policy, share) for share in (0.05, 0.2))  # type: ignore[arg-type]  # only the share counts
    few, many = ({each for each in PEOPLE if trial.takes(each)} for trial in (small, large))
    assert few < many
    assert len(few) / len(PEOPLE) == pytest.approx(0.05, abs=0.005)
    assert len(many) / len(PEOPLE) == pytest.approx(0.2, abs=0.01)


def test_the_places_are_those_of_every_other_machine_and_version() -> None:
    assert [round(place_of(each), 9) for each in ("ann", "bob", "")] == [0.551679576, 0.456835459, 0.893167516]
    assert place_of("zoe\u0301") == place_of("zo\u00e9")
