"""Puts the modules that every case goes through into a wheel as machine code too, compiled by mypyc from the same source.

Asked for by ``HATCH_BUILD_HOOK_ENABLE_CUSTOM=1``; needs a C compiler, Python's headers and what ``make setup`` installs.
Nothing is written beside the source, where a module that was compiled once would hide every later change.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_SETUP = """
from mypyc.build import mypycify
from setuptools import setup

modules = mypycify({modules!r}, opt_level="3", debug_level="0", group_name="case_router")
setup(name="case_router", packages=[], ext_modules=modules, script_args=["--quiet", "build_ext", "--inplace"])
"""


class Compiled(BuildHookInterface[Any]):
    """Compiles the ``modules`` of the hook's configuration."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile in a copy, and give the wheel what came out. Raises ``RuntimeError`` with what the compiler said."""
        if version == "editable":
            return
        source, work = Path(self.root), Path(self.root, "build", "compiled-source")
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(source / "router", work / "router", ignore=shutil.ignore_patterns("__pycache__", "_shipped"))
        shutil.copy(source / "pyproject.toml", work)
        code = _SETUP.format(modules=["--python-executable", sys.executable, *self.config["modules"]])
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)  # noqa: S603 - made here
        if done.returncode:
            raise RuntimeError(f"mypyc did not compile the modules:\n{done.stdout}{done.stderr}")
        build_data["infer_tag"] = True
        build_data["pure_python"] = False
        build_data["force_include"] |= {
            str(path): str(path.relative_to(work)) for path in (*work.glob("*.so"), *(work / "router").rglob("*.so"))
        }
