"""Files in the stores that Spark reaches: what is there, digests, and an output that is put there whole or not at all."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from router.bulk.engine import no_queue
from router.bulk.manifest import manifest_of
from router.errors import Problem, RouterError, TableError
from router.files.source import is_address


class Storage:
    """The file system that holds a path, and what is done there."""

    def __init__(self, spark: SparkSession, path: str) -> None:
        self._jvm = spark._jvm  # noqa: SLF001 - Hadoop's file systems have no other door
        self._path = self._jvm.org.apache.hadoop.fs.Path
        self._system = self._path(path).getFileSystem(spark._jsc.hadoopConfiguration())  # noqa: SLF001 - as above
        self._system.setWriteChecksum(False)  # beside a file of a folder here there is nothing hidden

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder."""
        return bool(self._system.exists(self._path(path)))

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder."""
        return self.exists(path) and bool(self._system.getFileStatus(self._path(path)).isDirectory())

    def read(self, path: str) -> bytes | None:
        """A small file, or ``None`` if there is none."""
        if not self.exists(path):
            return None
        stream = self._system.open(self._path(path))
        try:
            return bytes(stream.readAllBytes())
        finally:
            stream.close()

    def entry(self, uri: str, name: str) -> dict[str, Any]:
        """What a manifest says of a file, by the name that people know it by; the driver reads all of it."""
        path = self._path(uri)
        stream = self._system.open(path)
        try:
            digest = str(self._jvm.org.apache.commons.codec.digest.DigestUtils.sha256Hex(stream))
        finally:
            stream.close()
        return {"path": name, "bytes": int(self._system.getFileStatus(path).getLen()), "sha256": digest}

    def send(self, file: Path, target: str) -> None:
        """Copy a file of this machine."""
        self._system.copyFromLocalFile(self._path(file.as_uri()), self._path(target))

    def remove(self, path: str) -> None:
        """Remove a file; nothing if there is none."""
        self._system.delete(self._path(path), True)  # noqa: FBT003 - with all in it; Java has no names

    def move(self, source: str, target: str) -> None:
        """Rename a file. Raises ``OSError`` where that is refused."""
        if not self._system.rename(self._path(source), self._path(target)):
            raise OSError(f"{source} could not be renamed to {target}")


def in_store(spark: SparkSession, path: str) -> bool:
    """Whether only Spark reaches a path: by an address, or in the file system that its settings name."""
    return is_address(path) or (not Path(path).exists() and Storage(spark, path).exists(path))


@contextmanager
def output(spark: SparkSession, out: str) -> Iterator[Path]:
    """Where to write an output: there, or, if it goes to a store, in a folder of this machine from which it and its manifest
    are put into their place at the end, both or none. Raises ``TableError``."""
    if not is_address(out):
        yield Path(out)
        return
    store, name = Storage(spark, out), out.rpartition("/")
    if store.is_folder(out) or not store.exists(name[0]):
        said = "is a folder; the output is a file" if store.exists(out) else f"there is no folder {name[0]} to write to"
        raise TableError([Problem("bad-file", said, out)])
    with TemporaryDirectory() as folder:
        here = Path(folder, name[2])
        yield here
        with spark_telling(partial(no_queue, out)):
            _put(store, {out: here, str(out) + ".manifest.json": manifest_of(here)})


def _put(store: Storage, files: dict[str, Path]) -> None:
    """Everything new in its place, or everything as it was."""
    new = {target: _beside(target, "new") for target in files}
    old = {target: _beside(target, "old") for target in files if store.exists(target)}
    done: list[tuple[str, str]] = []
    try:
        for target, file in files.items():
            store.remove(new[target])
            store.send(file, new[target])
        for source, target in [*((target, aside) for target, aside in old.items()), *((new[each], each) for each in files)]:
            store.move(source, target)
            done.append((source, target))
    except BaseException:
        for source, target in reversed(done):
            store.move(target, source)
        for left in new.values():
            with suppress(Py4JError):
                store.remove(left)
        raise
    for aside in old.values():
        store.remove(aside)


def _beside(target: str, what: str) -> str:
    folder, _, name = target.rpartition("/")
    return f"{folder}/.{name}.{what}"


@contextmanager
def spark_telling(told: Callable[[str], RouterError]) -> Iterator[None]:
    """What Spark or a store refuses, in words: raises what ``told`` makes of its reason."""
    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise told(f"Spark says: {reason(error)}") from error


def reason(error: BaseException) -> str:
    """The line that says why: behind a traceback of Python the last one, else the first."""
    lines = _lines(error)
    behind = [line for line in lines if "Error:" in line or "Exception:" in line]
    return (behind or lines)[0]


def first_line(error: BaseException) -> str:
    """What an error of Spark says, without what it was doing."""
    return _lines(error)[0]


def _lines(error: BaseException) -> Sequence[str]:
    lines = (line.strip().removeprefix(": ") for line in str(error).splitlines())  # so py4j begins what Java says
    return [line for line in lines if line] or [type(error).__name__]
