"""Work on executors, each under guard: started, kept on their disks until a run is over, and reported to the driver."""

import pickle
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, TypeVar

from pyspark import StorageLevel, cloudpickle
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from router.errors import Problem, TableError
from router.spark import guard
from router.spark.blocks import Of

T = TypeVar("T")


class Workers:
    """The executors of a session."""

    def __init__(self, spark: SparkSession) -> None:
        cloudpickle.register_pickle_by_value(guard)
        self.spark = spark
        self._kept: list[DataFrame] = []

    def each(self, number: int, work: Any) -> DataFrame:  # noqa: ANN401 - takes batches and a number, as ``guard`` has it
        """Work on so many things, known by their numbers, each a task."""
        return self.over(self.spark.range(0, number, 1, max(1, number)), work)

    def over(self, frame: DataFrame, work: Any) -> DataFrame:  # noqa: ANN401 - as above
        """Work on the rows of each partition."""
        return frame.mapInArrow(guard.guarded(pickle.dumps(work), version("case-router")), guard.ROWS)

    def keep(self, frame: DataFrame) -> DataFrame:
        """Rows that are needed more than once; what a lost executor had is made again."""
        self._kept.append(frame.persist(StorageLevel.DISK_ONLY))
        return frame

    def forget(self) -> None:
        """Nothing is needed any more."""
        while self._kept:
            self._kept.pop().unpersist()

    def reports(self, frame: DataFrame, kind: type[T]) -> list[T]:
        """What all work tells of itself. Raises ``TableError`` if an executor was refused."""
        rows = frame.where(f.col("kind").isin(int(Of.REPORT), int(Of.REFUSED))).select("kind", "key", "block").collect()
        refuse_others({row.key for row in rows if row.kind == Of.REFUSED})
        found = [pickle.loads(row.block) for row in rows]  # noqa: S301 - our own executors wrote it
        assert all(isinstance(each, kind) for each in found)  # noqa: S101 - each work has one kind of report
        return found

    def blocks(self, frame: DataFrame) -> Iterator[bytes]:
        """The blocks of all partitions in order, those of the next one on their way meanwhile."""
        for row in frame.select("kind", "key", "block").toLocalIterator(prefetchPartitions=True):
            refuse_others({row.key} if row.kind == Of.REFUSED else set())
            yield bytes(row.block)


def refuse_others(versions: set[str]) -> None:
    """Executors with these versions are none for this driver."""
    if versions:
        ours = version("case-router")
        theirs = ", ".join(sorted(versions))
        said = f"an executor has case-router {theirs}, and the driver {ours}; install {ours} on all of them"
        raise TableError([Problem("other-version", said)])
