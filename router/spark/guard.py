"""What runs on an executor before anything of the package does: it may have another version, or none.

Spark sends the functions of this module by value, so they use nothing of the package until the versions are known to be one.
"""

from collections.abc import Callable, Iterator
from typing import Any

ROWS = "part int, kind int, key string, block binary"
"""What work on an executor gives back, as Spark writes a schema: see ``router.spark.blocks``."""
REFUSED = 0
"""The ``kind`` of a row whose ``key`` is the version that an executor has and should not."""

Work = Callable[[Iterator[Any]], Iterator[Any]]


def guarded(work: bytes, wanted: str) -> Work:
    """A function for ``mapInArrow`` that does pickled ``work``, which takes the batches of a partition and its number, and
    gives batches of :data:`ROWS`. An executor whose version is not ``wanted`` gives one row that tells its own."""

    def do(batches: Iterator[Any]) -> Iterator[Any]:
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - sent by value

        try:
            found = version("case-router")
        except PackageNotFoundError:
            found = "none"
        if found != wanted:
            import pyarrow as pa  # noqa: PLC0415 - sent by value

            columns = [pa.array([-1], pa.int32()), pa.array([0], pa.int32()), pa.array([found]), pa.nulls(1, pa.binary())]
            yield pa.RecordBatch.from_arrays(columns, ["part", "kind", "key", "block"])
            return

        import pickle  # noqa: PLC0415 - sent by value

        from pyspark import TaskContext  # noqa: PLC0415 - sent by value

        yield from pickle.loads(work)(batches, TaskContext.get().partitionId())  # noqa: S301 - the driver's own bytes

    return do
