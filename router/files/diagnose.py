"""Why a file as a whole cannot be read, with the line where one is to blame."""

import csv
import gzip
import io
import json
from collections.abc import Sequence
from contextlib import suppress
from operator import methodcaller
from pathlib import Path
from typing import BinaryIO, cast

from router.errors import Problem
from router.files.source import PACKED, TableSource


def opened(file: Path) -> BinaryIO:
    """The bytes of a file of text, unpacked where it is packed."""
    return cast("BinaryIO", gzip.open(file)) if file.suffix.lower() == PACKED else file.open("rb")


def diagnose(file: Path, source: TableSource, error: Exception) -> Problem:
    """The problem of a file that raised ``error``; the first line that is to blame is looked for."""
    try:
        line, said = _first_bad_line(file, source)
    except (OSError, EOFError) as failure:
        line, said = 0, f"cannot be read: {getattr(failure, 'strerror', None) or failure}"
    return Problem("bad-file", said or f"cannot be read as {source.format}: {_first_line(error)}", str(file), line)


def uneven_record(file: Path, source: TableSource, fields: int) -> Problem | None:
    """The first record of a CSV with fewer or more fields than its head: a reader would take those that are cut off for
    empty, and may not look at those beyond.

    Where nothing is quoted, separators are only counted; else the records are read one by one.
    """
    separators, even = methodcaller("count", source.separator.encode()), True
    with opened(file) as data:
        while even and (lines := data.readlines(_CHUNK)):
            even = set(map(separators, lines)) == {fields - 1} and b'"' not in b"".join(lines)
    if even:
        return None
    with io.TextIOWrapper(opened(file), encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, delimiter=source.separator, strict=True)
        with suppress(csv.Error):  # who reads the values tells of that
            for record in reader:
                if record and len(record) != fields:
                    cut_off = "; is the line cut off?" if len(record) < fields else ""
                    said = f"has {len(record)} fields, the head {fields}{cut_off}"
                    return Problem("bad-file", said, str(file), reader.line_num)
    return None


_CHUNK = 1 << 22


def _first_line(error: Exception) -> str:
    lines: Sequence[str] = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _first_bad_line(file: Path, source: TableSource) -> tuple[int, str]:
    """The first line that is no UTF-8, no JSON object or no CSV with as many fields as the head; 0 if there is none."""
    if source.format == "parquet":
        return 0, ""
    with opened(file) as lines:
        for number, line in enumerate(lines, start=1):
            try:
                text = line.decode().strip()
                if source.format == "ndjson" and text and not isinstance(json.loads(text), dict):
                    return number, "is no JSON object"
            except UnicodeDecodeError:
                return number, "is not UTF-8"
            except json.JSONDecodeError as error:
                return number, f"is no JSON: {error.msg} at column {error.colno}"
    return _first_bad_record(file, source) if source.format == "csv" else (0, "")


def _first_bad_record(file: Path, source: TableSource) -> tuple[int, str]:
    with io.TextIOWrapper(opened(file), encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines, delimiter=source.separator, strict=True)
        try:
            head = next(reader, [])
            for record in reader:
                if len(record) > len(head):
                    return reader.line_num, f"has {len(record)} fields, the head {len(head)}"
        except csv.Error as error:
            return reader.line_num, f"is no CSV: {error}"
    return 0, ""
