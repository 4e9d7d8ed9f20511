"""Releases: what is in force when, and what is refused."""

from pathlib import Path

import pytest

from router.calendar import holiday_dates
from router.errors import PolicyError, UnknownPolicyError
from router.policy.releases import read_releases
from router.policy.releasing import release, rollback
from router.policy.store import PolicyStore
from router.time import parse_instant
from tests.policy.small import CALENDAR, write

JANUARY, MAY, JUNE, JULY, AUGUST = (parse_instant(f"2026-{month}-01") for month in ("01", "05", "06", "07", "08"))


def put(root: Path, version: str, since: int, name: str = "small") -> None:
    release(root, name, version, effective_from=since, by="ann", note="a test")


def said(root: Path, *, drafts: bool = False) -> list[tuple[str, str]]:
    """The codes of what is wrong below ``root``, and the files they are about."""
    with pytest.raises(PolicyError) as caught:
        PolicyStore.open(root, drafts=drafts)
    return [(problem.code, Path(problem.where).name) for problem in caught.value.problems]


def refused(store: PolicyStore, name: str, version: str, now: int = JUNE) -> str:
    with pytest.raises(UnknownPolicyError) as caught:
        store.get(name, version, now)
    return str(caught.value)


def test_in_force_is_the_last_entry_that_is_effective_by_then(tmp_path: Path) -> None:
    for version, since in (("1.0.0", JANUARY), ("1.1.0", JULY), ("1.1.1", JUNE)):
        write(tmp_path, version)
        put(tmp_path, version, since)
    store = PolicyStore.open(tmp_path)
    assert store.get("small", "", JUNE - 1).version == "1.0.0"
    assert store.get("small", "", JUNE).version == "1.1.1"
    assert store.get("small", "", JULY).version == "1.1.1"  # the last entry, not the latest date


def test_a_rollback_is_one_more_entry_of_an_old_version(tmp_path: Path) -> None:
    for version, since in (("1.0.0", JANUARY), ("1.1.0", JUNE)):
        write(tmp_path, version)
        put(tmp_path, version, since)
    rollback(tmp_path, "small", effective_from=JULY, by="ann", note="a test")
    store = PolicyStore.open(tmp_path)
    assert [store.get("small", "", now).version for now in (JANUARY, JUNE, JULY)] == ["1.0.0", "1.1.0", "1.0.0"]


def test_the_way_back_leads_to_what_was_in_force_and_not_to_what_was_to_come(tmp_path: Path) -> None:
    for version, since in (("1.0.0", JANUARY), ("1.1.0", JULY), ("1.2.0", JUNE)):
        write(tmp_path, version)
        put(tmp_path, version, since)
    assert rollback(tmp_path, "small", effective_from=JUNE, by="ann", note="a test").version == "1.0.0"


@pytest.mark.parametrize("trial", [None, "shadow", "5%"])
def test_a_last_entry_that_is_still_to_come_is_taken_back_and_what_is_in_force_stays(
    tmp_path: Path, trial: str | None
) -> None:
    for version, since in (("1.0.0", JANUARY), ("1.1.0", MAY)):
        write(tmp_path, version)
        put(tmp_path, version, since)
    write(tmp_path, "1.2.0")
    release(tmp_path, "small", "1.2.0", effective_from=JULY, by="ann", note="a test", trial=trial)
    assert rollback(tmp_path, "small", effective_from=JUNE, by="ann", note="a test").version == "1.1.0"
    store = PolicyStore.open(tmp_path)
    assert [store.get("small", "", now).version for now in (MAY, JUNE, JULY, AUGUST)] == ["1.1.0"] * 4
    assert [store.trial("small", now) for now in (JUNE, JULY, AUGUST)] == [None] * 3
    assert rollback(tmp_path, "small", effective_from=AUGUST, by="ann", note="a test").version == "1.0.0"


def test_the_way_back_never_leads_to_a_version_whose_time_never_came(tmp_path: Path) -> None:
    for version, since in (("1.0.0", JANUARY), ("1.1.0", MAY), ("1.2.0", JULY), ("1.3.0", JUNE)):
        write(tmp_path, version)
        put(tmp_path, version, since)
    assert rollback(tmp_path, "small", effective_from=AUGUST, by="ann", note="a test").version == "1.1.0"


def test_a_version_can_be_pinned_before_it_is_in_force(tmp_path: Path) -> None:
    write(tmp_path)
    put(tmp_path, "1.0.0", JULY)
    store = PolicyStore.open(tmp_path)
    assert store.get("small", "1.0.0", JUNE).version == "1.0.0"
    assert refused(store, "small", "") == (
        "no version of small is in force at 2026-06-01T00:00:00Z; the first is from 2026-07-01T00:00:00Z [unknown-version]"
    )


def test_a_name_may_be_left_out_where_there_is_one_policy(tmp_path: Path) -> None:
    write(tmp_path)
    put(tmp_path, "1.0.0", JANUARY)
    assert PolicyStore.open(tmp_path).get("", "", JUNE).name == "small"
    write(tmp_path, name="other")
    assert refused(PolicyStore.open(tmp_path), "", "") == "name one policy: other, small [unknown-policy]"


def test_what_is_not_there_is_refused_naming_what_is(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "1.1.0")
    put(tmp_path, "1.0.0", JANUARY)
    store = PolicyStore.open(tmp_path)
    assert refused(store, "smal", "") == "no policy smal; did you mean small? [unknown-policy]"
    assert refused(store, "small", "9.9.9") == "policy small has no version 9.9.9; known: 1.0.0 [unknown-version]"
    assert refused(store, "small", "1.1.0") == (
        "version 1.1.0 of small is a draft; release it, or serve with drafts [unknown-version]"
    )


def test_drafts_are_served_only_when_asked_for(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "1.10.0")
    write(tmp_path, "1.9.0")
    assert refused(PolicyStore.open(tmp_path), "small", "") == (
        "no version of small is in force at 2026-06-01T00:00:00Z; there are drafts: 1.0.0, 1.9.0, 1.10.0 [unknown-version]"
    )
    store = PolicyStore.open(tmp_path, drafts=True)
    assert store.get("small", "", JUNE).version == "1.10.0"
    put(tmp_path, "1.0.0", JANUARY)
    store = PolicyStore.open(tmp_path, drafts=True)
    assert store.get("small", "", JUNE).version == "1.0.0"
    assert store.get("small", "1.9.0", JUNE).version == "1.9.0"
    assert [(p.version, current, draft) for p, current, draft in store.versions(JUNE)] == [
        ("1.0.0", True, False),
        ("1.9.0", False, True),
        ("1.10.0", False, True),
    ]


def test_a_released_file_never_changes(tmp_path: Path) -> None:
    path = write(tmp_path)
    put(tmp_path, "1.0.0", JANUARY)
    path.write_text(path.read_text().replace("10 * case.chases", "11 * case.chases"))
    assert said(tmp_path) == [("edited-release", "1.0.0.yaml")]
    with pytest.raises(PolicyError, match="was released and has changed since"):
        put(tmp_path, "1.0.0", JULY)


def test_line_ends_of_another_system_are_no_change(tmp_path: Path) -> None:
    path = write(tmp_path)
    put(tmp_path, "1.0.0", JANUARY)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert PolicyStore.open(tmp_path).get("small", "", JUNE).version == "1.0.0"


def test_public_holidays_are_kept_with_the_release(tmp_path: Path) -> None:
    write(tmp_path, more=CALENDAR)
    put(tmp_path, "1.0.0", JANUARY)
    file = tmp_path / "small" / "holidays" / "1.0.0.txt"
    assert len(file.read_text().splitlines()) == len(holiday_dates("GB-ENG"))
    christmas = parse_instant("2026-12-25T12:00:00Z")
    before = PolicyStore.open(tmp_path).get("", "", JUNE)
    assert not before.calendar.is_open(christmas)
    file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if "2026-12-25" not in line))
    assert said(tmp_path) == [("edited-release", "1.0.0.yaml")]


def test_a_newer_calendar_library_changes_no_released_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, more=CALENDAR)
    put(tmp_path, "1.0.0", JANUARY)
    released = PolicyStore.open(tmp_path).get("", "", JUNE)
    monkeypatch.setattr("router.policy.compile.holiday_dates", lambda _region: {})
    again = PolicyStore.open(tmp_path).get("", "", JUNE)
    assert (again.digest, again.calendar) == (released.digest, released.calendar)


def test_a_line_of_holidays_that_is_none_is_shown(tmp_path: Path) -> None:
    write(tmp_path, more=CALENDAR)
    put(tmp_path, "1.0.0", JANUARY)
    file = tmp_path / "small" / "holidays" / "1.0.0.txt"
    file.write_text("25 December\n" + file.read_text())
    assert said(tmp_path) == [("bad-holidays", "1.0.0.txt")]


def test_everything_wrong_below_a_folder_is_said_at_once(tmp_path: Path) -> None:
    write(tmp_path, "1.1.0").unlink()
    write(tmp_path)
    put(tmp_path, "1.0.0", JANUARY)
    (tmp_path / "small" / "1.0.0.yaml").rename(tmp_path / "small" / "2.0.0.yaml")
    write(tmp_path, "1.2.0").write_text("policy: small\n")
    write(tmp_path, name="other").rename(tmp_path / "other" / "copy.yaml")
    write(tmp_path, name="other")
    assert said(tmp_path) == [
        ("duplicate-version", "1.0.0.yaml"),
        ("misplaced-policy", "copy.yaml"),
        *[("missing-key", "1.2.0.yaml")] * 6,
        ("misplaced-policy", "2.0.0.yaml"),
    ]
    (tmp_path / "small" / "2.0.0.yaml").unlink()
    assert ("missing-version", "releases.yaml") in said(tmp_path)


def test_an_entry_without_its_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    put(tmp_path, "1.0.0", JANUARY)
    write(tmp_path, "1.1.0")
    (tmp_path / "small" / "1.0.0.yaml").unlink()
    assert said(tmp_path) == [("missing-version", "releases.yaml")]


def test_there_has_to_be_a_policy(tmp_path: Path) -> None:
    assert said(tmp_path) == [("missing-version", tmp_path.name)]
    assert said(tmp_path / "nowhere") == [("missing-version", "nowhere")]


def test_a_release_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_text(path.read_text().replace("case.chases >", "case.chasses >"))
    with pytest.raises(PolicyError, match=r"no fact case\.chasses"):
        put(tmp_path, "1.0.0", JANUARY)
    write(tmp_path, "1.1.0").rename(tmp_path / "small" / "1.2.0.yaml")
    with pytest.raises(PolicyError, match=r"the place of this file is small/1\.1\.0\.yaml"):
        put(tmp_path, "1.2.0", JANUARY)
    with pytest.raises(PolicyError, match="there is no file"):
        put(tmp_path, "3.0.0", JANUARY)
    assert sorted(file.name for file in (tmp_path / "small").iterdir()) == ["1.0.0.yaml", "1.2.0.yaml"]


def test_an_entry_keeps_what_it_was_given(tmp_path: Path) -> None:
    write(tmp_path)
    note = 'first: "quoted" # é\n- and a line'
    release(tmp_path, "small", "1.0.0", effective_from=JANUARY, by="Zoë", note=note, recorded_at=JUNE)
    file = tmp_path / "small" / "releases.yaml"
    file.write_text(file.read_text() + "# a remark\n")
    release(tmp_path, "small", "1.0.0", effective_from=JULY, by="ann", note="again")
    first, second = read_releases(file.read_text(), "releases.yaml")
    assert (first.by, first.note, first.effective_from, first.recorded_at) == ("Zoë", note, JANUARY, JUNE)
    assert (second.version, second.digest, second.recorded_at) == (first.version, first.digest, None)
    assert "# a remark" in file.read_text()


@pytest.mark.parametrize("text", ["", "# a remark", "# a remark\n", "[]", "# a remark\n[]\n", "null\n", "---\n", "\n[\n]\n"])
def test_the_first_entry_is_written_to_a_list_without_any(tmp_path: Path, text: str) -> None:
    write(tmp_path)
    file = tmp_path / "small" / "releases.yaml"
    file.write_text(text)
    put(tmp_path, "1.0.0", JANUARY)
    assert [entry.version for entry in read_releases(file.read_text(), "releases.yaml")] == ["1.0.0"]
    assert ("# a remark\n" in file.read_text()) is ("# a remark" in text)


def test_an_entry_follows_one_whose_line_has_no_end(tmp_path: Path) -> None:
    write(tmp_path)
    put(tmp_path, "1.0.0", JANUARY)
    file = tmp_path / "small" / "releases.yaml"
    file.write_text(file.read_text().rstrip("\n"))
    put(tmp_path, "1.0.0", JULY)
    assert [entry.effective_from for entry in read_releases(file.read_text(), "releases.yaml")] == [JANUARY, JULY]


@pytest.mark.parametrize("form", ["[{%s}]\n", "  - {%s}\n", "- {%s}\n...\n"])
def test_a_releases_file_in_another_form_is_left_alone(tmp_path: Path, form: str) -> None:
    write(tmp_path)
    put(tmp_path, "1.0.0", JANUARY)
    file = tmp_path / "small" / "releases.yaml"
    (entry,) = read_releases(file.read_text(), "releases.yaml")
    given = f"version: 1.0.0, digest: {entry.digest}, effective_from: 2026-01-01T00:00:00Z, by: ann, note: a test"
    file.write_text(form % given)
    with pytest.raises(PolicyError, match="the entry cannot be appended: write the file as a block list") as caught:
        put(tmp_path, "1.0.0", JULY)
    assert [problem.code for problem in caught.value.problems] == ["bad-release"]
    assert file.read_text() == form % given


BAD = """\
- {version: 1.0.0, digest: abc, effective_from: 2026-01-01T00:00:00Z, by: ann, note: a}
- {version: one, effective_from: soon, by: "", notes: a}
"""
BAD_SAID = """\
releases.yaml:1:28: [0].digest: 'abc' should be 64 hexadecimal digits [bad-value]
    1 | - {version: 1.0.0, digest: abc, effective_from: 2026-01-01T00:00:00Z, by: ann, note: a}
      |                            ^^^
releases.yaml:2:3: [1].digest is missing [missing-key]
    2 | - {version: one, effective_from: soon, by: "", notes: a}
      |   ^
releases.yaml:2:3: [1].note is missing [missing-key]
    2 | - {version: one, effective_from: soon, by: "", notes: a}
      |   ^
releases.yaml:2:13: [1].version: 'one' should be a version, major.minor.patch, as 1.0.0 [bad-value]
    2 | - {version: one, effective_from: soon, by: "", notes: a}
      |             ^^^
releases.yaml:2:34: [1].effective_from: 'soon' is no time; write it as 2026-06-01T00:00:00Z [bad-value]
    2 | - {version: one, effective_from: soon, by: "", notes: a}
      |                                  ^^^^
releases.yaml:2:45: [1].by: should have at least 1 character [bad-value]
    2 | - {version: one, effective_from: soon, by: "", notes: a}
      |                                             ^
releases.yaml:2:48: no key notes here; did you mean note? [unknown-key]
    2 | - {version: one, effective_from: soon, by: "", notes: a}
      |                                                ^^^^^"""


def test_a_bad_releases_file_is_told_at_its_places() -> None:
    with pytest.raises(PolicyError) as caught:
        read_releases(BAD, "releases.yaml")
    assert str(caught.value) == BAD_SAID


def test_one_version_has_one_digest() -> None:
    entry = "- {version: 1.0.0, digest: %s, effective_from: 2026-01-01T00:00:00Z, by: ann, note: a}\n"
    with pytest.raises(PolicyError, match="a released version never changes"):
        read_releases(entry % ("a" * 64) + entry % ("b" * 64), "releases.yaml")


def test_the_shipped_policies_are_in_force_since_the_years_of_the_data() -> None:
    store = PolicyStore.open(Path(__file__).parents[2] / "policies")
    assert {(name, store.get(name, "", parse_instant("2011-06-01")).version) for name in store.shelves} == {
        ("retail", "1.0.0"),
        ("service_desk", "1.0.0"),
    }
