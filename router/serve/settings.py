"""Settings of the server: from its file, then the environment, checked at start, every mistake at once."""

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from router.errors import Problem, SettingsError, nearby
from router.log.decisions import Durability, OnFull
from router.yaml import Source, load

PREFIX = "CASE_ROUTER_"

Roots = Annotated[tuple[Path, ...], NoDecode]
"""Folders; in the environment parted by colons."""
Shards = Annotated[tuple[int, ...], NoDecode]
"""Numbers from 0; in the environment and on the command line parted by commas."""


class Settings(BaseSettings):
    """How a server runs. In the environment a setting is written ``CASE_ROUTER_PORT``, in a file ``port``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(50051, ge=0, le=65535, description="port to listen on; 0: any free one")
    policies: Path | None = Field(None, description="folder of the policies; none: those shipped with the package")
    snapshot: Path | None = Field(None, description="folder of the snapshot; none: every customer is a stranger")
    shards: Shards = Field((), description="shards of the snapshot that customers are looked up in, by number; none: all")
    drafts: bool = Field(default=False, description="serve policies without a release too")
    reload_seconds: float = Field(
        2, ge=0, le=3600, description="how often the folders are looked at where no event tells of a change; 0: never reload"
    )
    processes: int = Field(0, ge=0, le=256, description="processes that share the port; 0: one for each core")
    batch_limit: int = Field(2_000, ge=1, le=100_000, description="items that a batch may have")
    largest_message_mb: int = Field(16, ge=1, le=512, description="largest message taken, in MB")
    grace_seconds: float = Field(10, ge=0, le=3600, description="time that running calls get at a stop")
    log: Path | None = Field(None, description="folder of the decision log; none: decisions are not logged")
    log_key_file: Path | None = Field(None, description="file of the log's key; none: the key is in CASE_ROUTER_LOG_KEY")
    log_key: SecretStr = Field(SecretStr(""), description="the log's key, where no file holds it; for the environment")
    log_durability: Durability = Field(
        Durability.SYSTEM, description="what a reply waits for: system (the record outlives the process) or sync (the disk)"
    )
    log_on_full: OnFull = Field(
        OnFull.REFUSE, description="a decision that cannot be logged: refuse it, or warn and give it all the same"
    )
    log_hash_ids: bool = Field(default=False, description="log ids of customers, cases, orders and agents as keyed hashes")
    log_file_mb: int = Field(128, ge=1, le=4096, description="size at which a file of the log is full, in MB")
    backlog_roots: Roots = Field(
        (), description="folders of backlogs that calls may name; none: no call reads or writes files"
    )
    backlog_out_roots: Roots = Field((), description="folders that queues may be written to; none: those of backlog_roots")
    backlog_runs: int = Field(1, ge=1, le=64, description="runs over backlogs at once, in all processes")
    backlog_memory_mb: int = Field(0, ge=0, description="memory of all runs together, in MB; 0: half of the machine's")
    backlog_upload_cases: int = Field(20_000, ge=1, le=1_000_000, description="cases that may be sent to be put in order")
    backlog_upload_mb: int = Field(64, ge=1, le=1024, description="size of what may be sent to be put in order, in MB")
    backlog_patience_seconds: float = Field(30, gt=0, le=3600, description="longest pause between two parts of what is sent")
    policy_service: bool = Field(default=True, description="offer PolicyService, which shows policies and tries drafts")
    policy_runs: int = Field(
        1, ge=1, le=64, description="calls that check, test or compare policies at once, in each process"
    )
    four_eyes: bool = Field(default=False, description="a release of a policy needs somebody else's approval")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")

    @field_validator("log_level")
    @classmethod
    def _level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            message = f"{value!r} is not known; known: DEBUG, INFO, WARNING, ERROR"
            raise ValueError(message)
        return value.upper()

    @field_validator("backlog_roots", "backlog_out_roots", mode="before")
    @classmethod
    def _parted(cls, value: object) -> object:
        return [part for part in value.split(os.pathsep) if part] if isinstance(value, str) else value

    @field_validator("backlog_roots", "backlog_out_roots")
    @classmethod
    def _roots(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        return tuple(Path.cwd() / cls._there(folder) for folder in value)

    @field_validator("shards", mode="before")
    @classmethod
    def _numbers(cls, value: object) -> object:
        given = value.split(",") if isinstance(value, str) else value if isinstance(value, list | tuple) else [value]
        parts = [str(part).strip() for part in given]
        wrong = [part for part in parts if not part.isdecimal()]
        if wrong:
            message = f"{wrong[0]!r} is no number of a shard; they count from 0, as in 0,3"
            raise ValueError(message)
        return [int(part) for part in parts]

    @field_validator("shards")
    @classmethod
    def _of_a_snapshot(cls, value: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        if value and info.data.get("snapshot", value) is None:
            message = "there is no snapshot to look customers up in; give its folder too"
            raise ValueError(message)
        return value

    @field_validator("policies", "snapshot")
    @classmethod
    def _folder(cls, value: Path | None) -> Path | None:
        return None if value is None else cls._there(value)

    @staticmethod
    def _there(folder: Path) -> Path:
        if not folder.is_dir():
            message = f"there is no folder {folder}"
            raise ValueError(message)
        return folder


def read_settings(file: Path | None = None, **given: Any) -> Settings:  # noqa: ANN401 - options of the command line
    """Settings from ``given`` options, else the environment, else ``file`` (YAML). Raises :class:`SettingsError`."""
    problems: list[Problem] = []
    source = _read(file, problems) if file is not None else Source("", "")
    unknown = [
        name for name in os.environ if name.startswith(PREFIX) and name[len(PREFIX) :].lower() not in Settings.model_fields
    ]
    problems += [
        Problem("unknown-setting", f"no setting {name}; {nearby(name, _names())}", "environment") for name in sorted(unknown)
    ]
    options = {name: value for name, value in given.items() if value is not None}
    in_environment = {name for name in Settings.model_fields if os.environ.get(f"{PREFIX}{name.upper()}")}
    in_file = source.data if isinstance(source.data, dict) else {}
    values = {name: in_file[name] for name in in_file.keys() & Settings.model_fields.keys() - in_environment}
    try:
        settings = Settings(**values | options)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            name = str(item["loc"][0]) if item["loc"] else ""
            said = f"{name}: {item['msg'].removeprefix('Value error, ')}"
            if name in options or name in in_environment:
                problems.append(Problem("bad-setting", said, "options" if name in options else "environment"))
            else:
                problems.append(source.problem("bad-setting", said, (name,)))
        raise SettingsError(problems) from error
    if problems:
        raise SettingsError(problems)
    return settings


def _names() -> list[str]:
    return [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]


def _read(file: Path, problems: list[Problem]) -> Source:
    """The file, with what is wrong about its text and its names."""
    try:
        source = load(file.read_text("utf-8"), str(file))
    except UnicodeDecodeError as error:
        problems.append(Problem("bad-setting", f"byte {error.start} is not UTF-8; save the file as UTF-8", str(file)))
        return Source(str(file), "")
    except OSError as error:
        problems.append(Problem("bad-setting", f"cannot be read: {error.strerror}", str(file)))
        return Source(str(file), "")
    problems += source.problems
    if isinstance(source.data, dict):
        for name in source.data.keys() - Settings.model_fields.keys():
            said = f"no setting {name}; {nearby(name, Settings.model_fields)}"
            problems.append(source.problem("unknown-setting", said, (name,), key=True))
    elif source.data is not None:
        problems.append(source.problem("bad-setting", "a file of settings holds names with values"))
    return source
