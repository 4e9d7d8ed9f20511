"""A backlog larger than the memory that a run may use is put in order all the same, and takes less of it."""

import subprocess
import sys
from pathlib import Path

from tests.bulk.backlog import ROOT

CASES = 250_000


def peak(cases: int, out: Path, memory: int) -> int:
    """The peak of a process that puts so many cases in order, in bytes."""
    command = [sys.executable, "-m", "tests.bulk.peak", str(cases), str(out), str(memory)]
    return int(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def test_a_backlog_larger_than_memory_is_put_in_order_with_less_of_it(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.csv", tmp_path / "cut.csv"
    bare = peak(10, tmp_path / "bare.csv", 2**40)
    roomy, tight = peak(CASES, whole, 2**40) - bare, peak(CASES, cut, 75 * 2**20) - bare
    assert tight < roomy * 0.5
    assert cut.read_bytes() == whole.read_bytes()
