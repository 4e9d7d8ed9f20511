"""What runs on an executor before anything of the package does: it may have another version, or none.

Spark sends the functions of this module by value, so they use nothing of the package until the versions are known to be one.
"""

from collections.abc import Callable
from typing import Any

Decide = Callable[[Any, Any, Any], Any]


def guarded(task: Any, schema: Any, wanted: str) -> Decide:  # noqa: ANN401 - the task's type is of the package; see above
    """A function for ``applyInArrow``: takes the key of a group and its two Arrow tables, gives back one of ``schema``.

    On an executor whose version is not ``wanted`` that is one row which tells its version in the column ``refused``.
    """

    def decide(key: Any, left: Any, right: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - sent by value

        try:
            found = version("case-router")
        except PackageNotFoundError:
            found = "none"
        if found != wanted:
            import pyarrow as pa  # noqa: PLC0415 - sent by value

            return pa.Table.from_pylist([{"refused": found}], schema=schema)

        import pickle  # noqa: PLC0415 - sent by value

        return pickle.loads(task)(key[0].as_py(), left, right, schema)  # noqa: S301 - the driver's own bytes

    return decide
