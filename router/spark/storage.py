"""Files wherever Spark's file systems are: a folder that appears whole or not at all, and digests of what was read."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from pyspark.sql import SparkSession

from router.errors import Problem, TableError

_CHUNK = 1 << 22


class Storage:
    """The file system that holds a path, and what is done there."""

    def __init__(self, spark: SparkSession, path: str) -> None:
        self._path = spark._jvm.org.apache.hadoop.fs.Path  # noqa: SLF001 - Hadoop's file systems have no other door
        self._system = self._path(path).getFileSystem(spark._jsc.hadoopConfiguration())  # noqa: SLF001 - as above
        self._system.setWriteChecksum(False)

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder."""
        return bool(self._system.exists(self._path(path)))

    def is_file(self, path: str) -> bool:
        """Whether there is a file."""
        return self.exists(path) and bool(self._system.getFileStatus(self._path(path)).isFile())

    def files(self, folder: str) -> list[str]:
        """The data files of a folder, in the order of their names."""
        found = [str(each.getPath().toString()) for each in self._system.listStatus(self._path(folder))]
        return sorted(each for each in found if not each.rpartition("/")[2].startswith(("_", ".")))

    def write_json(self, path: str, data: Mapping[str, object]) -> None:
        """Write a file of JSON, as it is written beside a local output."""
        text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
        stream = self._system.create(self._path(path), True)  # noqa: FBT003 - overwrite; Java has no names
        try:
            stream.write(bytearray(text.encode()))
        finally:
            stream.close()

    def remove(self, path: str) -> None:
        """Remove a file or folder with all in it; nothing if there is none."""
        self._system.delete(self._path(path), True)  # noqa: FBT003 - with all in it; Java has no names

    def move(self, source: str, target: str) -> None:
        """Rename, within the file system. Raises ``OSError`` where it does not."""
        if not self._system.rename(self._path(source), self._path(target)):
            raise OSError(f"{source} could not be renamed to {target}")

    @contextmanager
    def scratch(self, out: str) -> Iterator[str]:
        """A hidden folder beside an output to work in, gone afterwards; what an interrupted run left there is removed."""
        parent, _, name = out.rstrip("/").rpartition("/")
        folder = f"{parent or '.'}/.{name}.making"
        self.remove(folder)
        self._system.mkdirs(self._path(folder))
        try:
            yield folder
        finally:
            self.remove(folder)

    def put(self, new: Mapping[str, str], scratch: str) -> None:
        """Everything new in its place, or everything as it was: ``new`` is from target to what was written."""
        aside: dict[str, str] = {}
        done: list[str] = []
        try:
            for number, (target, written) in enumerate(new.items()):
                if self.exists(target):
                    self.move(target, f"{scratch}/before-{number}")
                    aside[target] = f"{scratch}/before-{number}"
                self.move(written, target)
                done.append(target)
        except BaseException:
            for target in done:
                self.remove(target)
            for target, before in aside.items():
                self.move(before, target)
            raise


def not_written(out: str, said: str) -> TableError:
    """The error of an output that could not be written."""
    message = f"the queue could not be written: {said}; what was there before stays as it was"
    return TableError([Problem("queue-not-written", message, out)])


def digests(spark: SparkSession, files: Sequence[str]) -> list[tuple[int, str]]:
    """Length in bytes and SHA-256 of each file, made where the executors are."""
    if not files:
        return []
    return list(spark.sparkContext.parallelize(files, len(files)).map(_digest).collect())


def _digest(uri: str) -> tuple[int, str]:
    from urllib.parse import unquote, urlparse  # noqa: PLC0415 - runs on an executor

    from pyarrow import fs  # noqa: PLC0415 - as above

    parsed = urlparse(uri)
    local = parsed.scheme in {"", "file"}
    system, path = (fs.LocalFileSystem(), unquote(parsed.path)) if local else fs.FileSystem.from_uri(uri)
    length, digest = 0, sha256()
    with system.open_input_stream(path) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            length += len(chunk)
    return length, digest.hexdigest()


def entries(spark: SparkSession, files: Sequence[str], names: Sequence[str]) -> list[dict[str, Any]]:
    """What a manifest says of files, by the names that people know them by."""
    found = digests(spark, files)
    return [{"path": name, "bytes": length, "sha256": sha} for name, (length, sha) in zip(names, found, strict=True)]
