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
    """The first line that is no UTF-8, no JSON object, or has more fields than the head; 0 and nothing if there is none."""
    if source.format == "parquet":
        return 0, ""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                text = line.decode()
                if source.format == "ndjson" and text.strip() and not isinstance(json.loads(text), dict):
                    return number, "is no JSON object"
            except UnicodeDecodeError:
                return number, "is not UTF-8"
            except ValueError as error:
                return number, f"is no JSON: {error}"
    if source.format == "csv":
        with file.open(encoding="utf-8-sig", newline="") as rows:
            reader = csv.reader(rows, delimiter=source.separator)
            head = next(reader, [])
            for row in reader:
                if len(row) > len(head):
                    return reader.line_num, f"has {len(row)} fields, the head {len(head)}"
    return 0, ""
