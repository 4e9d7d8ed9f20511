"""A cluster of this machine: a driver and two executors, each a process of its own."""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router.spark.session import missing, spark_session

MASTER = "local-cluster[2,1,1024]"
ASKED = "CASE_ROUTER_TEST_SPARK"
"""What ``make test-spark`` sets: a cluster wants the machine for itself, and minutes."""


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session, with what executors leave behind below the folder of the tests."""
    lacking = missing()
    if lacking:
        pytest.skip(f"not tried on Spark: {lacking}")
    if os.environ.get(ASKED) != "1":
        pytest.skip("not tried here: a cluster wants the machine for itself, and minutes; make test-spark, as CI does")
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")  # Spark's own
        import pyspark

        folder = tmp_path_factory.mktemp("spark")
        (folder / "conf").mkdir()
        (folder / "conf" / "spark-defaults.conf").write_text(f"spark.ui.enabled false\nspark.local.dir {folder}\n")
        patch.setenv("SPARK_HOME", str(Path(pyspark.__file__).parent))
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("SPARK_CONF_DIR", str(folder / "conf"))
        patch.setenv("SPARK_WORKER_DIR", str(folder / "work"))
        with spark_session(MASTER) as session:
            session.conf.set("spark.sql.shuffle.partitions", "8")
            yield session
