"""Policies read again while they are served: what is good is taken over, what is not leaves the last good in its place."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from router.policy.releases import RELEASES
from router.policy.releasing import release, rollback
from router.policy.renew import renewed
from router.policy.store import PolicyStore, check_folder
from router.time import parse_instant
from tests.policy.small import write

JANUARY, JUNE, JULY = (parse_instant(f"2026-{month}-01") for month in ("01", "06", "07"))


def put(root: Path, version: str, since: int = JANUARY, name: str = "small") -> None:
    write(root, version, name=name)
    release(root, name, version, effective_from=since, by="ann", note="a test")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put(tmp_path, "1.0.0")
    return tmp_path


@pytest.fixture
def served(root: Path) -> PolicyStore:
    return PolicyStore.open(root)


def codes(last: PolicyStore, root: Path, *, drafts: bool = False) -> list[str]:
    """What is wrong, while everything stays as it was."""
    after, problems = renewed(last, root, drafts=drafts)
    assert after is last
    return [problem.code for problem in problems]


def test_what_did_not_change_is_the_same_object(root: Path, served: PolicyStore) -> None:
    assert codes(served, root) == []


def test_a_release_is_taken_over_and_nothing_is_compiled_twice(root: Path, served: PolicyStore) -> None:
    put(root, "1.1.0", JUNE)
    after, problems = renewed(served, root)
    assert problems == ()
    assert [after.get("small", "", now).version for now in (JANUARY, JUNE)] == ["1.0.0", "1.1.0"]
    assert after.get("small", "1.0.0", 0) is served.get("small", "1.0.0", 0)
    rollback(root, "small", effective_from=JULY, by="ann", note="back")
    again, problems = renewed(after, root)
    assert problems == ()
    assert [again.get("small", "", now).version for now in (JUNE, JULY)] == ["1.1.0", "1.0.0"]


def test_a_store_that_was_renewed_is_the_one_that_a_start_would_give(root: Path, served: PolicyStore) -> None:
    put(root, "1.1.0", JUNE)
    put(root, "1.0.0", JUNE, name="other")
    write(root, "2.0.0")
    for drafts in (False, True):
        after, problems = renewed(served, root, drafts=drafts)
        assert (after, problems) == (PolicyStore.open(root, drafts=drafts), ())


def test_every_beginning_of_a_file_of_releases_is_refused_or_says_the_same(root: Path, served: PolicyStore) -> None:
    """As a reader sees it while somebody saves it in place."""
    put(root, "1.1.0", JUNE)
    file = root / "small" / RELEASES
    whole = file.read_bytes()
    both, _ = renewed(served, root)
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        after, problems = renewed(both, root)
        assert after is both
        assert problems or whole[:length].strip() == whole.strip()


def test_every_tenth_beginning_of_a_policy_file_leaves_what_was_compiled(root: Path, served: PolicyStore) -> None:
    file = root / "small" / "1.0.0.yaml"
    whole = file.read_bytes()
    for length in range(0, len(whole), 10):
        file.write_bytes(whole[:length])
        assert codes(served, root) == ["edited-release"]
    file.write_bytes(whole)
    assert codes(served, root) == []


def test_a_new_version_that_is_half_there_is_refused_until_it_is_whole(root: Path, served: PolicyStore) -> None:
    put(root, "1.1.0", JUNE)
    file = root / "small" / "1.1.0.yaml"
    whole = file.read_text()
    file.write_text(whole[: len(whole) // 2])
    assert codes(served, root) != []
    file.unlink()
    assert codes(served, root) == ["bad-file"]
    file.write_text(whole)
    after, problems = renewed(served, root)
    assert (after.get("small", "", JUNE).version, problems) == ("1.1.0", ())


def edit(root: Path) -> None:
    file = root / "small" / "1.0.0.yaml"
    file.write_text(file.read_text() + "description: edited\n")


def remove(root: Path) -> None:
    (root / "small" / "1.0.0.yaml").unlink()


def empty(root: Path) -> None:
    (root / "small" / RELEASES).write_text("")


def forget(root: Path) -> None:
    (root / "small" / RELEASES).unlink()


def vanish(root: Path) -> None:
    shutil.rmtree(root / "small")


def garble(root: Path) -> None:
    (root / "small" / RELEASES).write_bytes(b"\xff\xfe")


def lock(root: Path) -> None:
    file = root / "small" / "1.0.0.yaml"
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    ("mistake", "code"),
    [
        (edit, "edited-release"),
        (remove, "bad-file"),
        (empty, "bad-release"),
        (forget, "bad-file"),
        (vanish, "missing-version"),
        (garble, "bad-file"),
        (lock, "bad-file"),
    ],
)
def test_a_mistake_in_one_policy_is_told_and_holds_nobody_else_back(
    root: Path, mistake: Callable[[Path], None], code: str
) -> None:
    put(root, "1.0.0", name="other")
    last = PolicyStore.open(root)
    mistake(root)
    put(root, "1.1.0", JUNE, name="other")
    after, problems = renewed(last, root)
    assert [problem.code for problem in problems] == [code]
    assert after.get("other", "", JUNE).version == "1.1.0"
    assert after.shelves["small"] is last.shelves["small"]


def test_an_edited_release_does_not_stand_in_the_way_of_a_kill_switch(root: Path, served: PolicyStore) -> None:
    put(root, "1.1.0", JUNE)
    edit(root)
    after, problems = renewed(served, root)
    assert [problem.code for problem in problems] == ["edited-release"]
    assert after.get("small", "", JUNE).version == "1.1.0"


def test_a_draft_that_is_wrong_is_nobodys_business_unless_drafts_are_served(root: Path, served: PolicyStore) -> None:
    draft = root / "small" / "1.1.0.yaml"
    draft.write_text("policy: small\nversion: 1.1")
    assert codes(served, root) == []
    assert codes(served, root, drafts=True)
    write(root, "1.1.0")
    with_draft, problems = renewed(served, root, drafts=True)
    assert (with_draft.get("small", "1.1.0", 0).version, problems) == ("1.1.0", ())
    draft.write_text("policy: small")
    assert codes(with_draft, root, drafts=True)


def test_a_folder_without_anything_to_serve_is_no_policy(root: Path, served: PolicyStore) -> None:
    write(root, "1.0.0", name="draft")
    assert codes(served, root) == []


def test_a_linked_folder_has_the_name_of_the_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "1.0.0")
    (tmp_path / "small").rename(tmp_path / "small-2026")
    root = tmp_path / "served"
    root.mkdir()
    (root / "small").symlink_to(tmp_path / "small-2026")
    store = PolicyStore.open(root)
    put(root, "1.1.0", JUNE)
    after, problems = renewed(store, root)
    assert (after.get("small", "", JUNE).version, problems) == ("1.1.0", ())
    assert codes(after, root) == []
    assert (root / "small" / "CHANGELOG.md").read_text().startswith("# Changes of policy small\n")
    assert [problem.code for problem in check_folder(tmp_path / "small-2026")[1]] == ["misplaced-policy"] * 2
    (tmp_path / "small-2026").rename(tmp_path / "small")
    for folder, given in ((tmp_path / "small", "."), (tmp_path / "small" / "holidays", ".."), (tmp_path, "small/.")):
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        assert check_folder(Path(given))[1] == ()


def test_a_swap_of_links_as_kubernetes_does_it_is_a_change_like_any_other(tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    for content, versions in (("..one", ["1.0.0"]), ("..two", ["1.0.0", "1.1.0"])):
        for version in versions:
            put(mount / content, version)
    (mount / "..data").symlink_to("..one")
    (mount / "small").symlink_to("..data/small")
    served = PolicyStore.open(mount)
    assert served.get("small", "", JUNE).version == "1.0.0"
    (mount / "..data_tmp").symlink_to("..two")
    (mount / "..data_tmp").rename(mount / "..data")
    after, problems = renewed(served, mount)
    assert (after.get("small", "", JUNE).version, problems) == ("1.1.0", ())
