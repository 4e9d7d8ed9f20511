"""What is made aside leaves the collector and the interpreter as they were, and stays out of the collector's way."""

import gc
import sys

import pytest

from router.serve.memory import aside


class Cycle:
    """An object that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


def alive() -> int:
    return sum(type(each) is Cycle for each in gc.get_objects())


def test_what_is_made_aside_stays_and_what_was_only_needed_meanwhile_goes() -> None:
    gc.collect()
    interval, frozen, before = sys.getswitchinterval(), gc.get_freeze_count(), alive()
    with aside():
        assert not gc.isenabled()
        assert sys.getswitchinterval() < interval
        made = [Cycle() for _ in range(1000)]
        for _ in range(1000):
            Cycle()
    assert gc.isenabled()
    assert sys.getswitchinterval() == interval
    assert gc.get_freeze_count() >= frozen + len(made)
    gc.unfreeze()
    assert alive() == before + len(made)


def test_what_fails_aside_leaves_all_as_it_was() -> None:
    interval = sys.getswitchinterval()
    with pytest.raises(KeyError), aside():
        raise KeyError
    assert gc.isenabled()
    assert sys.getswitchinterval() == interval
