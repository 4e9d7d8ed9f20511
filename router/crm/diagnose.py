"""Why a file as a whole cannot be read, with the line where one is to blame."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from router.crm.mapping import TableSource
from router.errors import Problem


def diagnose(file: Path, source: TableSource, error: Exception) -> Problem:
    """The problem of a file that raised ``error``; the first line that is to blame is looked for."""
    try:
        line, said = _first_bad_line(file, source)
    except OSError as failure:
        line, said = 0, f"cannot be read: {failure.strerror}"
    return Problem("bad-file", said or f"cannot be read as {source.format}: {_first_line(error)}", str(file), line)


def _first_line(error: Exception) -> str:
    lines: Sequence[str] = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _first_bad_line(file: Path, source: TableSource) -> tuple[int, str]:
    """The first line that is no UTF-8, no JSON object or no CSV with as many fields as the head; 0 if there is none."""
    if source.format == "parquet":
        return 0, ""
    with file.open("rb") as lines:
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
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines, delimiter=source.separator, strict=True)
        try:
            head = next(reader, [])
            for record in reader:
                if len(record) > len(head):
                    return reader.line_num, f"has {len(record)} fields, the head {len(head)}"
        except csv.Error as error:
            return reader.line_num, f"is no CSV: {error}"
    return 0, ""
