"""Where files of a backlog may lie: nothing outside the roots is read, written or told of."""

from pathlib import Path

import pytest

from router.serve.backlog.roots import LocationError, LocationRefusedError, Roots


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    """Two roots, beside them a secret, and links of every kind."""
    for folder in ("one", "two", "outside"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.csv").touch()
    one = tmp_path / "one"
    (one / "sub").mkdir()
    (one / "sub" / "b.csv").touch()
    (one / "b[1].csv").touch()
    (one / "file.csv").symlink_to(tmp_path / "outside" / "a.csv")
    (one / "dangling.csv").symlink_to(tmp_path / "outside" / "none.csv")
    (one / "folder").symlink_to(tmp_path / "outside")
    (one / "round.csv").symlink_to(one / "round.csv")
    (one / "across.csv").symlink_to(tmp_path / "two" / "a.csv")
    return Roots((one, tmp_path / "two"))


OUTSIDE = [
    "../outside/a.csv",
    "../outside/none.csv",
    "sub/../../outside/a.csv",
    "..",
    ".",
    "/",
    "/etc/passwd",
    "file.csv",
    "dangling.csv",
    "folder/a.csv",
    "folder/none.csv",
    "folder/*.csv",
    "f*/a.csv",
    "f*/none.csv",
    "d*.csv",
    "fold*/*",
]


@pytest.mark.parametrize("location", OUTSIDE)
def test_what_is_outside_is_refused_whether_it_is_there_or_not(location: str, roots: Roots) -> None:
    with pytest.raises(LocationRefusedError) as info:
        roots.files("cases[0]", location)
    (problem,) = info.value.problems
    one, two = roots.folders
    assert (problem.field, problem.message) == (
        "cases[0]",
        f"{location} is not below a root of the server; roots: {one}, {two}",
    )
    if "*" not in location:
        with pytest.raises(LocationRefusedError):
            roots.file("out", location)


def test_a_folder_beside_a_root_whose_name_begins_alike_is_outside(roots: Roots) -> None:
    beside = roots.folders[0].with_name("one-more")
    beside.mkdir()
    with pytest.raises(LocationRefusedError):
        roots.files("cases[0]", str(beside / "a.csv"))
    with pytest.raises(LocationRefusedError):
        roots.files("cases[0]", str(roots.folders[0]))


def test_what_is_inside_is_found_links_followed(roots: Roots) -> None:
    one, two = roots.folders

    def found(location: str) -> list[Path]:
        return roots.files("cases[0]", location)

    assert found("a.csv") == [one / "a.csv"]
    assert found(str(two / "a.csv")) == found("across.csv") == [two / "a.csv"]
    assert found("s?b/*.csv") == found("[st]*/b.csv") == [one / "sub" / "b.csv"]
    (two / "sub").mkdir()
    (two / "sub" / "c.csv").touch()
    assert found(f"{two}/*/c.csv") == [two / "sub" / "c.csv"]
    assert found("b[1].csv") == [one / "b[1].csv"]
    assert found("none-*.csv") == [one / "none-*.csv"]
    assert found("new/x.csv") == [one / "new" / "x.csv"]
    assert roots.file("out", "queue-*.csv") == one / "queue-*.csv"
    assert roots.file("out", str(one / "round.csv")) == one / "round.csv"


def test_a_root_may_be_a_link_itself(roots: Roots, tmp_path: Path) -> None:
    one = roots.folders[0]
    (tmp_path / "link").symlink_to(one)
    linked = Roots((tmp_path / "link",))
    for location in ("a.csv", str(tmp_path / "link" / "a.csv"), str(one / "a.csv")):
        assert linked.files("cases[0]", location) == [one / "a.csv"]


def test_no_location_is_told(roots: Roots) -> None:
    for location in ("", "\0", "x" * 300, "/".join(["x"] * 2000), "a/**/b.csv"):
        with pytest.raises(LocationError):
            roots.files("cases[0]", location)
