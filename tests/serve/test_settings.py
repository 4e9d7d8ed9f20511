"""Settings: from options, the environment and a file, checked at start, every mistake at once."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from router.errors import SettingsError
from router.serve.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("CASE_ROUTER_"):
            monkeypatch.delenv(name)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def writer(text: str) -> Path:
        file = tmp_path / "server.yaml"
        file.write_text(text)
        return file

    return writer


def mistakes(file: Path | None = None, **given: Any) -> list[str]:  # noqa: ANN401 - options by name
    """Everything that is wrong, a file by its name alone."""
    with pytest.raises(SettingsError) as info:
        read_settings(file, **given)
    return sorted(str(problem).splitlines()[0].replace(f"{file}", "server.yaml") for problem in info.value.problems)


def test_there_is_a_setting_for_everything_and_a_word_on_each() -> None:
    found = read_settings()
    assert found.model_dump() == {
        "host": "127.0.0.1",
        "port": 50051,
        "policies": None,
        "snapshot": None,
        "shards": (),
        "drafts": False,
        "processes": 0,
        "reload_seconds": 2,
        "batch_limit": 2000,
        "largest_message_mb": 16,
        "grace_seconds": 10,
        "four_eyes": False,
        "log": None,
        "log_key_file": None,
        "log_key": SecretStr(""),
        "log_durability": "system",
        "log_on_full": "refuse",
        "log_hash_ids": False,
        "log_file_mb": 128,
        "backlog_roots": (),
        "backlog_out_roots": (),
        "backlog_runs": 1,
        "backlog_memory_mb": 0,
        "backlog_upload_cases": 20_000,
        "backlog_upload_mb": 64,
        "backlog_patience_seconds": 30,
        "policy_service": True,
        "policy_runs": 1,
        "log_level": "INFO",
    }
    assert all(field.description for field in Settings.model_fields.values())


def test_an_option_goes_before_the_environment_and_that_before_the_file(
    write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write("port: 1001\nhost: 0.0.0.0\nbatch_limit: 7\n")
    assert read_settings(file).port == 1001
    monkeypatch.setenv("CASE_ROUTER_PORT", "1002")
    assert read_settings(file).port == 1002
    assert read_settings(file, port=1003, host=None).port == 1003
    assert (read_settings(file).host, read_settings(file).batch_limit) == ("0.0.0.0", 7)  # noqa: S104 - read, not listened on


def test_an_empty_file_sets_nothing(write: Callable[[str], Path]) -> None:
    assert read_settings(write("# nothing yet\n")) == read_settings()


def test_shards_are_a_list_or_numbers_parted_by_commas(
    write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert read_settings(write(f"snapshot: {tmp_path}\nshards: [0, 3]\n")).shards == (0, 3)
    assert read_settings(write(f"snapshot: {tmp_path}\nshards: 3\n")).shards == (3,)
    monkeypatch.setenv("CASE_ROUTER_SHARDS", "1, 2")
    assert read_settings(snapshot=tmp_path).shards == (1, 2)
    assert read_settings(snapshot=tmp_path, shards="0,3").shards == (0, 3)


def test_a_log_level_may_be_written_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASE_ROUTER_LOG_LEVEL", "debug")
    assert read_settings().log_level == "DEBUG"


def test_every_mistake_of_file_environment_and_options_is_told_at_once(
    write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASE_ROUTER_PROT", "1")
    monkeypatch.setenv("CASE_ROUTER_GRACE_SECONDS", "soon")
    file = write("processes: 300\nhots: here\nlog_level: LOUD\nsnapshot: /nowhere/at/all\n")
    assert mistakes(file, port=-1) == [
        "environment: grace_seconds: Input should be a valid number, unable to parse string as a number [bad-setting]",
        (
            "environment: no setting CASE_ROUTER_PROT; "
            "did you mean CASE_ROUTER_PORT or CASE_ROUTER_HOST or CASE_ROUTER_LOG? [unknown-setting]"
        ),
        "options: port: Input should be greater than or equal to 0 [bad-setting]",
        "server.yaml:1:12: processes: Input should be less than or equal to 256 [bad-setting]",
        "server.yaml:2:1: no setting hots; did you mean host? [unknown-setting]",
        "server.yaml:3:12: log_level: 'LOUD' is not known; known: DEBUG, INFO, WARNING, ERROR [bad-setting]",
        "server.yaml:4:11: snapshot: there is no folder /nowhere/at/all [bad-setting]",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port: [1\n", "server.yaml:2:1: this is no YAML: while parsing a flow sequence expected ',' or ']'"),
        ("- port\n", "server.yaml:1:1: a file of settings holds names with values [bad-setting]"),
        ("port: 1\nport: 2\n", "server.yaml:2:1: the key port is written twice [bad-yaml]"),
        ("port: eighty\n", "server.yaml:1:7: port: Input should be a valid integer"),
        ("drafts: perhaps\n", "server.yaml:1:9: drafts: Input should be a valid boolean"),
        (
            "shards: [0, x]\n",
            "server.yaml:1:9: shards: 'x' is no number of a shard; they count from 0, as in 0,3",
        ),
        ("shards: 3\n", "server.yaml:1:9: shards: there is no snapshot to look customers up in; give its folder too"),
        ("batch_limit: 0\n", "server.yaml:1:14: batch_limit: Input should be greater than or equal to 1 [bad-setting]"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(write: Callable[[str], Path], text: str, said: str) -> None:
    (found,) = mistakes(write(text))
    assert found.startswith(said)


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    assert mistakes(tmp_path / "none.yaml") == ["server.yaml: cannot be read: No such file or directory [bad-setting]"]
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"host: \xff\n")
    assert mistakes(binary) == ["server.yaml: byte 6 is not UTF-8; save the file as UTF-8 [bad-setting]"]


@pytest.mark.parametrize("name", ["policies", "snapshot"])
def test_a_folder_has_to_be_there(name: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for path in (file, tmp_path / "none"):
        assert mistakes(**{name: path}) == [f"options: {name}: there is no folder {path} [bad-setting]"]
    assert getattr(read_settings(**{name: tmp_path}), name) == tmp_path


@pytest.mark.parametrize("name", ["backlog_roots", "backlog_out_roots"])
def test_roots_are_folders_a_list_or_parted_by_colons(
    name: str, tmp_path: Path, write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    assert mistakes(write(f"{name}: [{one}, {two}]")) == [
        f"server.yaml:1:{len(name) + 3}: {name}: there is no folder {two} [bad-setting]"
    ]
    two.mkdir()
    monkeypatch.chdir(tmp_path)
    for text in (f"{name}: [{one}, two]", f"{name}: {one}:two"):
        assert getattr(read_settings(write(text)), name) == (one, two)
    monkeypatch.setenv(f"CASE_ROUTER_{name.upper()}", f"one:{two}")
    assert getattr(read_settings(), name) == (one, two)


def test_an_empty_variable_is_as_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASE_ROUTER_SNAPSHOT", "")
    monkeypatch.setenv("CASE_ROUTER_PORT", "")
    assert read_settings() == Settings()
    assert read_settings().snapshot is None
