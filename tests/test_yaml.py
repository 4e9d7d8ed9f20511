"""YAML as people write it: plain data, times as texts, and a place for every mistake."""

import pytest

from router.yaml import load


def test_plain_data_as_yaml_1_2_has_it() -> None:
    source = load("a: 1\nb: 2.5\nc: yes\nd: true\ne: 2016-06-01T10:00:00Z\nf: ~\ng: 0x1F\nh: 'x'\ni: .inf\n", "f")
    assert source.data == {
        "a": 1, "b": 2.5, "c": "yes", "d": True, "e": "2016-06-01T10:00:00Z", "f": None, "g": 31, "h": "x", "i": float("inf")
    }  # fmt: skip


def test_what_begins_with_zeros_is_an_id_and_keeps_them() -> None:
    assert load("[007, -01, 00.5, 1_000, 0, 0.5, -0, 10]", "f").data == ["007", "-01", "00.5", 1000, 0, 0.5, 0, 10]


def test_an_alias_stands_for_what_it_names_and_a_merge_takes_over_its_keys() -> None:
    source = load("a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}\nd: {y: 4, <<: [*a, {z: 5, x: 9}]}\n", "f")
    assert not source.problems
    assert source.data == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 1, "y": 2},
        "c": {"x": 1, "y": 3},
        "d": {"x": 1, "y": 4, "z": 5},
    }


BOMB = "a: &a [1]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 12)}]\n" for old, new in zip("abcdef", "bcdefg", strict=True)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1", "f:1:6: this is no YAML: while parsing a flow sequence expected ',' or ']', but got '<stream end>'"),
        ("a: 1\na: 2\n", "f:2:1: the key a is written twice"),
        ("? [a]\n: 1\n", "f:1:3: a key has to be a text"),
        ("a: !!python/name:os.system x\n", "f:1:28: 'x' cannot be read as python/name:os.system"),
        ("a: !mine x\n", "f:1:10: 'x' cannot be read as !mine"),
        ("a: &a [*a]\n", "f:1:1: nested too deeply, or an alias inside what it stands for"),
        ("[" * 500, "f:1:1: nested too deeply, or an alias inside what it stands for"),
        (BOMB, "f:1:1: this is no YAML: more than 100000 values, aliases written out; split the file"),
        ("a: \x00", "f:1:1: this is no YAML: unacceptable character #x0000: special characters are not allowed"),
        ("a: 1\n---\nb: 2\n", "f:2:1: this is no YAML: expected a single document in the stream but found another document"),
        ("<<: 3\n", "f:1:1: << takes a mapping, or a list of them"),
        ("a: " + "1" * 5000, "f:1:4: '1111"),
        ("a: 0x" + "f" * 5000, "f:1:4: '0xffff"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, said: str) -> None:
    problems = load(text, "f").problems
    assert len(problems) == 1
    assert str(problems[0]).startswith(said)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: one two", (1, 8)),
        ("a: 'one two'", (1, 9)),
        ('a: "one two"', (1, 9)),
        ("a: >-\n  one\n  two", (3, 3)),
        ("a: |\n  one\n  two", (3, 3)),
        ("a:\n  one\n  two", (3, 3)),
    ],
)
def test_a_character_inside_a_text_is_found_in_the_file(text: str, place: tuple[int, int]) -> None:
    source = load(text, "f")
    assert isinstance(source.data, dict)
    problem = source.problem("code", "here", ("a",), offset=str(source.data["a"]).index("two"))
    assert (problem.line, problem.column) == place
