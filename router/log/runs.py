"""Bulk runs beside the log: not case by case, but what each run was."""

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

import orjson

from router.errors import LogError, Problem
from router.files import whole
from router.log.decisions import RUNS
from router.time import format_instant


def record_run(log: Path, manifest: Mapping[str, object], at: int) -> Path:
    """Keep the manifest of a bulk run that ended ``at``, as ``runs/date=…/<digest>.json``; said twice, it is kept once.

    Raises :class:`LogError` if it cannot be written.
    """
    data = orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2) + b"\n"
    folder = log / RUNS / f"date={format_instant(at)[:10]}"
    path = folder / f"{blake2b(data, digest_size=8).hexdigest()}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        whole.write(path, data)
    except OSError as error:
        said = f"the manifest of the run cannot be kept: {error.strerror or error}"
        raise LogError([Problem("log-not-written", said, str(path))]) from error
    return path
