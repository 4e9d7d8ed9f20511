"""Files that appear whole or not at all: written apart, on the disk, then put in their place by one rename."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path


def sync(path: Path) -> None:
    """What was written to a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def put(new: Path, target: Path) -> None:
    """A written file in its place, where readers see either what was there before or all of the new one."""
    sync(new)
    new.replace(target)
    sync(target.parent)


def write(file: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    new = file.with_name(f".{file.name}.new")
    try:
        new.write_bytes(data)
        put(new, file)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def write_json(file: Path, data: Mapping[str, object]) -> None:
    """Write JSON whole or not at all."""
    write(file, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody else has locked this file or folder meanwhile; the lock goes with its process. Raises ``BlockingIOError``."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """An empty folder to work in, gone afterwards; what an interrupted process left there is removed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def workshop(file: Path) -> Path:
    """The hidden folder beside a file, in which it is made under a lock."""
    return file.with_name(f".{file.name}.making")


def sweep(file: Path) -> None:
    """Remove what a process that was killed left of a file in the making; nothing if another one makes it now."""
    folder = workshop(file)
    with suppress(FileNotFoundError, BlockingIOError), locked(folder):
        shutil.rmtree(folder, ignore_errors=True)
