"""Who is erased from a log: a tombstone stays, and nothing else."""

import asyncio
from pathlib import Path

import pytest

from router.crm.snapshot import Snapshot
from router.errors import LogError
from router.log import files
from router.log.choose import Wanted, chosen
from router.log.compact import compact
from router.log.decisions import open_log
from router.log.erase import TOMBSTONES, erase, keepers, tombstones
from router.log.files import frames
from router.log.outcomes import Outcome
from router.log.record import Manner
from router.log.snapshots import erase_from
from router.log.verify import verify
from router.time import DAY, HOUR
from tests.decide import deciding
from tests.log.records import KEY, MANNER, OTHER_KEY, TODAY, keep, logged
from tests.log.test_files import DECISION, OF, OF_BOB, codes, ids, lines
from tests.serve.shop import write_snapshot


def write_both(log: Path, manner: Manner = MANNER) -> None:
    """Decisions about ann and bob with an outcome each, some of them compacted."""
    opened = open_log(log, manner)
    keep(opened, [DECISION, OF_BOB])
    for decision in (DECISION, OF_BOB):
        asyncio.run(opened.tell(Outcome(decision.id, TODAY, accepted=True), TODAY))
    opened.close()
    compact(log, KEY)
    logged(log, [DECISION, OF_BOB], manner)


@pytest.mark.parametrize("hash_ids", [False, True], ids=["plain", "hashed"])
def test_of_who_is_erased_a_tombstone_stays_and_nothing_else(tmp_path: Path, *, hash_ids: bool) -> None:
    write_both(tmp_path, Manner(KEY, hash_ids))
    done = erase(tmp_path, "ann", KEY, at=TODAY + HOUR, by="eve")
    assert (done.decisions, done.outcomes, done.growing) == (2, 1, {})
    assert len(ids(tmp_path)) == 2
    assert not any(chosen(tmp_path, Wanted(customer_id="ann", key=KEY)))
    assert [(stone.customer, stone.by) for stone in tombstones(tmp_path)] == [(KEY.exact("ann"), "eve")]
    assert verify(tmp_path, KEY).problems == []
    data = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".parquet")
    assert b'"ann"' not in data
    assert sum(frame.height for frame in frames(tmp_path, "outcomes")) == 1


@pytest.mark.parametrize("hash_ids", [False, True], ids=["plain", "hashed"])
def test_an_id_is_found_in_whichever_form_of_unicode_it_is_given(tmp_path: Path, *, hash_ids: bool) -> None:
    composed, apart = "Zo\u00eb", "Zoe\u0308"
    logged(tmp_path, [deciding.decide(OF, deciding.case(customer_id=composed))], Manner(KEY, hash_ids))
    for form in (composed, apart):
        assert sum(frame.height for frame in chosen(tmp_path, Wanted(customer_id=form, key=KEY))) == 1
    assert erase(tmp_path, apart, KEY, at=TODAY + HOUR, by="eve").decisions == 1
    assert ids(tmp_path) == []


def test_who_comes_back_after_an_erasure_is_logged_again(tmp_path: Path) -> None:
    write_both(tmp_path)
    erase(tmp_path, "ann", KEY, at=TODAY + HOUR, by="eve")
    logged(tmp_path, [DECISION], at=TODAY + 2 * HOUR)
    compact(tmp_path, KEY, keepers(tmp_path, KEY))
    assert sorted(ids(tmp_path)) == ["c1", "c2", "c2"]


def test_what_a_server_still_writes_goes_with_a_later_compaction(tmp_path: Path) -> None:
    log = open_log(tmp_path, MANNER)
    keep(log, [DECISION, OF_BOB])
    assert erase(tmp_path, "ann", KEY, at=TODAY + HOUR, by="eve").growing == {lines(tmp_path): 1}
    log.close()
    assert compact(tmp_path, KEY, keepers(tmp_path, KEY)).erased == 1
    assert ids(tmp_path) == ["c2"]


@pytest.mark.parametrize("hash_ids", [False, True], ids=["plain", "hashed"])
def test_lines_that_were_set_apart_are_erased_too(tmp_path: Path, *, hash_ids: bool) -> None:
    logged(tmp_path, [DECISION, OF_BOB], Manner(KEY, hash_ids))
    path = lines(tmp_path)
    of_ann, of_bob = path.read_bytes().splitlines(keepends=True)
    damaged = [line.replace(b"}\n", b"\n") for line in (of_ann, of_bob)]
    path.write_bytes(b"".join([of_ann, of_bob, *damaged, b"nobody knows whose\n", of_ann[:-9]]))
    assert verify(tmp_path, KEY, repair=True).repaired == 1
    apart = path.with_name(path.name + files.DAMAGED)
    assert apart.read_bytes().count(b"\n") == 4
    erase(tmp_path, "ann", KEY, at=TODAY + HOUR, by="eve")
    assert apart.read_bytes() == damaged[1]
    erase(tmp_path, "bob", KEY, at=TODAY + HOUR, by="eve")
    assert not apart.exists()


def outcomes(log: Path) -> int:
    return sum(frame.height for frame in frames(log, "outcomes"))


def test_an_outcome_in_a_file_that_grows_is_named_and_goes_with_a_later_compaction(tmp_path: Path) -> None:
    logged(tmp_path, [DECISION, OF_BOB])
    server = open_log(tmp_path, MANNER)
    for decision in (DECISION, OF_BOB):
        asyncio.run(server.tell(Outcome(decision.id, TODAY, accepted=True), TODAY))
    for _ in range(2):  # the second time, its decision is gone already
        (path,) = erase(tmp_path, "ann", KEY, at=TODAY + HOUR, by="eve").growing
        assert path.parents[1].name == "outcomes"
    server.close()
    assert compact(tmp_path, KEY, keepers(tmp_path, KEY)).erased == 1
    assert outcomes(tmp_path) == 1


def test_an_outcome_goes_where_its_decision_is_in_a_file_that_grows(tmp_path: Path) -> None:
    server, other = open_log(tmp_path, MANNER), open_log(tmp_path, MANNER)
    keep(server, [DECISION, OF_BOB])
    asyncio.run(other.tell(Outcome(DECISION.id, TODAY, accepted=True), TODAY))
    other.close()
    done = erase(tmp_path, "ann", KEY, at=TODAY + HOUR, by="eve")
    assert (done.outcomes, done.growing, outcomes(tmp_path)) == (1, {lines(tmp_path): 1}, 0)
    server.close()


def test_what_is_told_of_a_decision_after_it_was_erased_goes_with_a_compaction(tmp_path: Path) -> None:
    write_both(tmp_path)
    erase(tmp_path, "ann", KEY, at=TODAY + HOUR, by="eve")
    server = open_log(tmp_path, MANNER)
    asyncio.run(server.tell(Outcome(DECISION.id, TODAY + DAY, accepted=True), TODAY + DAY))
    server.close()
    assert compact(tmp_path, KEY, keepers(tmp_path, KEY)).erased == 1


def test_with_another_key_nobody_is_erased(tmp_path: Path) -> None:
    write_both(tmp_path)
    with pytest.raises(LogError) as error:
        erase(tmp_path, "ann", OTHER_KEY, at=TODAY + HOUR, by="eve")
    assert codes(error) == {"log-key"}
    assert tombstones(tmp_path) == []


def test_snapshots_are_erased_from_too(tmp_path: Path) -> None:
    write_snapshot(tmp_path, as_of=TODAY)
    write_snapshot(tmp_path, as_of=TODAY + DAY)
    before = Snapshot.open(tmp_path)
    assert len(erase_from(tmp_path, "ann")) == 3
    after = Snapshot.open(tmp_path)
    assert after.customer("ann", TODAY) is None
    assert repr(after.customer("bob", TODAY)) == repr(before.customer("bob", TODAY))
    assert after.has_order("o1")
    assert len(list(tmp_path.glob("*/manifest.json"))) == 1
    assert erase_from(tmp_path, "ann") == []


def test_with_another_key_nothing_is_sealed(tmp_path: Path) -> None:
    logged(tmp_path, [DECISION, OF_BOB])
    with pytest.raises(LogError) as error:
        compact(tmp_path, OTHER_KEY, keepers(tmp_path, OTHER_KEY))
    assert codes(error) == {"log-key"}
    assert "it was written with key" in str(verify(tmp_path, OTHER_KEY).problems[0])
    assert compact(tmp_path, KEY).records == 2
    with pytest.raises(LogError, match="seal does not fit"):  # nor is it told that all is well where all is sealed
        compact(tmp_path, OTHER_KEY)


def test_tombstones_that_cannot_be_read_are_noticed(tmp_path: Path) -> None:
    write_both(tmp_path)
    assert verify(tmp_path, KEY).problems == []
    (tmp_path / TOMBSTONES).write_text("junk")
    (problem,) = verify(tmp_path, KEY).problems
    assert (problem.code, Path(problem.where).name) == ("log-damaged", TOMBSTONES)
