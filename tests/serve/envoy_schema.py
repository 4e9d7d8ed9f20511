"""Reads a configuration of Envoy from the input, as JSON, and says what Envoy's schema finds wrong with it, if anything.

A program of its own: the package with the schema has other builds of google.* than ours.
"""

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from google.protobuf.json_format import ParseDict, ParseError


def types(config: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """The packages of the messages that stand in it as google.protobuf.Any."""
    if isinstance(config, dict):
        yield from (str(value).rpartition("/")[2].rpartition(".")[0] for key, value in config.items() if key == "@type")
    for each in config.values() if isinstance(config, dict) else config if isinstance(config, list) else ():
        yield from types(each)


def main() -> None:
    """One line for what is wrong, none for what is right."""
    config = json.load(sys.stdin)
    for package in set(types(config)):
        for module in iter_modules(import_module(package).__path__, f"{package}."):
            import_module(module.name)
    try:
        ParseDict(config, import_module("envoy.config.bootstrap.v3.bootstrap_pb2").Bootstrap())
    except (ParseError, TypeError) as error:
        sys.stdout.write(f"{error}\n")


if __name__ == "__main__":
    main()
