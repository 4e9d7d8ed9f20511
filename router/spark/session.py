"""A Spark session for a run: what is missing is told once, what matters for the answer is set."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from router.errors import Problem, SettingsError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JAVA = 17
"""The oldest Java that Spark 4 runs on."""
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    "spark.sql.execution.arrow.maxBytesPerBatch": str(64 << 20),
    "spark.sql.autoBroadcastJoinThreshold": "-1",  # Spark cannot know how much an executor will make
    "spark.sql.caseSensitive": "true",
    # What is made again for a lost executor are the same rows in other blocks: Spark sees other bytes, and would begin anew.
    "spark.sql.shuffle.orderIndependentChecksum.enableFullRetryOnMismatch": "false",
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
}


def missing() -> str:
    """What a run on Spark lacks on this machine, with what to do; an empty text if nothing."""
    absent = [name for name in ("pyspark", "pandas") if find_spec(name) is None]
    if absent:
        return f"{' and '.join(absent)} not installed; pip install 'case-router[spark]'"
    home = os.environ.get("JAVA_HOME")
    java = Path(home, "bin", "java") if home else shutil.which("java")
    if java is None or not Path(java).exists():
        where = f"JAVA_HOME is {home}, and there is no bin/java in it" if home else "there is no java on the path"
        return f"{where}; install Java {JAVA}, or let JAVA_HOME name its folder"
    found = _java_version(Path(java))
    return "" if found >= JAVA else f"{java} is Java {found or 'of an unknown version'}; Spark needs {JAVA} or newer"


def needs_spark() -> None:
    """Raise ``SettingsError`` where Spark or Java is missing."""
    lacking = missing()
    if lacking:
        raise SettingsError([Problem("no-spark", lacking)])


def _java_version(java: Path) -> int:
    done = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)  # noqa: S603 - the machine's own
    words = done.stderr.split('"')
    major = words[1].split(".")[0].split("-")[0] if len(words) > 1 else ""
    return int(major) if major.isdigit() else 0


@contextmanager
def spark_session(master: str = "") -> Iterator["SparkSession"]:
    """A session, stopped afterwards with everything that still runs in it; one that is there already is used and left.

    Executors run the Python of the driver, by its path, where ``PYSPARK_PYTHON`` and Spark's settings name no other.
    ``master`` is Spark's own word for a cluster (``yarn``, ``k8s://…``, ``local[2]``); without it Spark's settings say.
    Raises ``SettingsError`` if Spark or Java is missing, or if no session can be had.
    """
    needs_spark()
    from pyspark.errors import PySparkException  # noqa: PLC0415 - an extra
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra

    running = SparkSession.getActiveSession()
    if running is not None:
        yield prepared(running)
        return
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    threads = os.environ.get("POLARS_MAX_THREADS", "1")  # a task has one core, however many the machine has
    builder = SparkSession.builder.appName("case-router").config("spark.ui.showConsoleProgress", "false")
    builder = builder.config("spark.executorEnv.POLARS_MAX_THREADS", threads)
    try:
        session = (builder.master(master) if master else builder).getOrCreate()
    except (PySparkException, RuntimeError, OSError) as error:
        said = f"no Spark session at {master or 'the master of its settings'}: {str(error).splitlines()[0]}"
        raise SettingsError([Problem("no-spark", said)]) from error
    try:
        session.sparkContext.setLogLevel("ERROR")
        yield prepared(session)
    finally:
        session.stop()


def prepared(session: "SparkSession") -> "SparkSession":
    """The session with the settings that an answer depends on; all of them may be set while it runs."""
    for name, value in _SETTINGS.items():
        session.conf.set(name, value)
    return session
