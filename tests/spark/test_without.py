"""What holds without a cluster: what is missing is told, and so is what a cluster does not do."""

from pathlib import Path

import pytest

from router.errors import SettingsError
from router.spark import session


def test_java_is_missed_by_the_name_of_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(session, "find_spec", lambda _: True)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert session.missing() == (
        f"JAVA_HOME is {tmp_path}, and there is no bin/java in it; install Java 17, or let JAVA_HOME name its folder"
    )
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingsError, match=r"there is no java on the path; install Java 17.*\[no-spark\]"):
        session.needs_spark()


@pytest.mark.parametrize(("told", "said"), [('openjdk version "11.0.2"', "is Java 11; Spark needs 17"), ("?", "unknown")])
def test_an_old_java_is_refused(told: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(session, "find_spec", lambda _: True)
    (tmp_path / "bin").mkdir()
    java = tmp_path / "bin" / "java"
    java.write_text(f"#!/bin/sh\necho '{told}' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert said in session.missing()


def test_the_extra_is_missed_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "find_spec", lambda _: None)
    assert session.missing() == "pyspark and pandas not installed; pip install 'case-router[spark]'"
