"""Which files hold the records of a log: every record in exactly one of them, also while others write and compact.

A folder for each date holds ``*.ndjson``, as they were written, and ``*.parquet``, which replace some of those. Which
replace which is said by the manifest alone, and that is replaced by one rename: who lists the folder first and reads the
manifest then sees every record once. A Parquet file that the manifest does not name is not there yet, or no longer.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import polars as pl

from router.errors import LogError, Problem
from router.files import whole
from router.log.decisions import DECISIONS
from router.log.key import Key
from router.log.layout import FORMAT
from router.log.lines import read_lines
from router.log.schema import SCHEMAS
from router.log.writer import SUFFIX

MANIFEST, LOCK, PARQUET = "manifest.json", ".lock", ".parquet"
DAMAGED = ".damaged"
"""What lines that cannot be read are set apart under."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A Parquet file: rows, bytes, SHA-256 of every byte, and the files that it replaces, all by paths below the log."""

    rows: int
    bytes: int
    sha256: str
    replaces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The Parquet files of a log."""

    files: Mapping[str, Sealed] = field(default_factory=dict)

    @property
    def replaced(self) -> frozenset[str]:
        """Files whose records stand in others."""
        return frozenset(name for each in self.files.values() for name in each.replaces)

    def data(self) -> bytes:
        """What is sealed."""
        return json.dumps({name: asdict(each) for name, each in sorted(self.files.items())}, separators=(",", ":")).encode()


def read_manifest(log: Path, key: Key | None = None) -> Manifest:
    """The manifest of a log, its seal compared where the key is given. Raises :class:`LogError`."""
    try:
        found = json.loads((log / MANIFEST).read_bytes())
        manifest = Manifest(
            {name: Sealed(**each | {"replaces": tuple(each["replaces"])}) for name, each in found["files"].items()}
        )
        if key is not None and not key.sealed(manifest.data(), found["seal"]):
            raise damaged(log / MANIFEST, "its seal does not fit: it was changed, or sealed with another key")
    except FileNotFoundError:
        return Manifest()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(log / MANIFEST, f"it cannot be read: {error}") from error
    return manifest


def write_manifest(log: Path, manifest: Manifest, key: Key) -> None:
    """Replace the manifest by one rename."""
    data = {"files": json.loads(manifest.data()), "seal": key.seal(manifest.data())}
    whole.write(log / MANIFEST, (json.dumps(data, indent=1) + "\n").encode())


def damaged(path: Path, what: str) -> LogError:
    """The error of a file that is not what was written."""
    return LogError([Problem("log-damaged", f"{what}; see `case-router log verify`", str(path))])


@contextmanager
def alone(log: Path) -> Iterator[None]:
    """Nobody else rewrites this log meanwhile."""
    with (log / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LogError([Problem("log-busy", "another command rewrites this log; wait for it", str(log))]) from error
        yield


def check_key(frame: pl.DataFrame, key: Key, path: Path) -> None:
    """Raises :class:`LogError` unless every record was written with the key: with another nobody would be found in it."""
    others = [name for name in frame.get_column("key").unique().drop_nulls() if name != key.name]
    if others:
        said = f"the log was written with key {others[0]}, this one is {key.name}; give the key of the server"
        raise LogError([Problem("log-key", said, str(path))])


def growing(path: Path) -> bool:
    """Whether a process still writes a file; one that has no line yet may be about to."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return not os.fstat(file.fileno()).st_size


def dates(log: Path, kind: str) -> list[Path]:
    """The folders of a log's dates, in order. Raises :class:`LogError` where there is no log."""
    if not (log / kind).is_dir():
        raise LogError([Problem("no-log", f"there is no log here: no folder {kind}", str(log))])
    return sorted(path for path in (log / kind).glob("date=*") if path.is_dir())


def current(log: Path, date: Path) -> list[Path]:
    """The files that hold the records of a date, each record in one."""
    found = sorted(date.glob(f"*{SUFFIX}"))  # first: what is replaced meanwhile is then known to be
    manifest = read_manifest(log)
    replaced = manifest.replaced
    sealed = [log / name for name in manifest.files if (log / name).parent == date]
    return [*sorted(sealed), *(path for path in found if str(path.relative_to(log)) not in replaced)]


@contextmanager
def opened(log: Path, date: Path) -> Iterator[Sequence[tuple[Path, BinaryIO]]]:
    """The files of a date, open, so that it does not matter who removes them from now on."""
    while True:
        with ExitStack() as stack:
            try:
                found = [(path, stack.enter_context(path.open("rb"))) for path in current(log, date)]
            except FileNotFoundError as error:
                if str(error.filename).endswith(PARQUET) and error.filename in map(str, current(log, date)):
                    raise damaged(Path(error.filename), "the file is not there") from error
                continue  # replaced meanwhile
            yield found
            return


@dataclass(slots=True)
class Torn:
    """Lines that ended before their end, and are skipped: in how many files."""

    files: list[Path] = field(default_factory=list)


def frames(log: Path, kind: str, torn: Torn | None = None) -> Iterator[pl.DataFrame]:
    """The records of a log, date by date and file by file; a last line that was cut off is skipped and told in ``torn``.

    Raises :class:`LogError` where a file cannot be read.
    """
    for date in dates(log, kind):
        with opened(log, date) as files:
            for path, file in files:
                yield read_frame(path, file, kind, torn)


def read_frame(path: Path, file: BinaryIO, kind: str, torn: Torn | None = None) -> pl.DataFrame:
    """The records of one file."""
    schema = dict(SCHEMAS[kind])
    try:
        if path.suffix == PARQUET:
            return _known(path, pl.read_parquet(file.read()).select(list(schema)))
        data = file.read()
        end = data.rfind(b"\n") + 1
        if end < len(data) and torn is not None and not growing_file(file):
            torn.files.append(path)
        if not end:
            return pl.DataFrame(schema=schema)
        if kind == DECISIONS:
            return _known(path, read_lines(data[:end], path.parents[1]))
        return _known(path, pl.read_ndjson(BytesIO(data[:end]), schema=schema))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise damaged(path, f"it cannot be read: {str(error).splitlines()[0]}") from error


def growing_file(file: BinaryIO) -> bool:
    """As :func:`growing`, of an open file."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(file, fcntl.LOCK_UN)
    return False


def _known(path: Path, frame: pl.DataFrame) -> pl.DataFrame:
    newest = frame.get_column("format").max()
    if isinstance(newest, int) and newest > FORMAT:
        said = f"the log has format {newest}, this version reads {FORMAT}; read it with a newer one"
        raise LogError([Problem("log-format", said, str(path))])
    return frame


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return sha256(path.read_bytes()).hexdigest()
