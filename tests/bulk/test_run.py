"""A backlog put in order, from files to a file: the same bytes however it is cut, whole or not at all."""

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.exceptions import ComputeError

from router.bulk import local, merge, output, run
from router.bulk.engine import Cancelled
from router.bulk.manifest import manifest_of
from router.bulk.run import Result, reprioritize
from router.decide.decider import Decider
from router.decide.model import Decision
from router.errors import TableError
from router.files import whole
from router.frame.answer import DECISION
from router.time import HOUR, format_instant, to_datetime
from tests.bulk.backlog import NOW, RETAIL, SHOP, cases, example, records, run_of, write

SUFFIXES = ("parquet", "csv", "ndjson")


def queue(out: Path, **options: Any) -> pl.DataFrame:  # noqa: ANN401 - whatever a run takes
    """The example, or another backlog, put in order and read back."""
    reprioritize(run_of(out, **options))
    return pl.read_parquet(out)


def many(folder: Path, copies: int = 25) -> dict[str, list[str]]:
    """The example several times over, with other ids, as the options of a run."""
    files = {}
    for name in ("cases", "events"):
        rows = [row | {"case_id": f"{row['case_id']}-{copy}"} for copy in range(copies) for row in example(name)]
        files[name] = [str(write(rows, folder / f"{name}.csv"))]
    return files


def decisions() -> list[Decision]:
    """The example decided case by case, in the order of the queue, accepted cases last."""
    decider = Decider(RETAIL, records())
    found = [decider.decide(case, b"", NOW) for case in cases()]
    return sorted(found, key=lambda each: (each.fact("case.status") == "accepted", each.queue_key()))


# what it says


def test_the_queue_is_that_of_the_row_engine(tmp_path: Path) -> None:
    found = queue(tmp_path / "queue.parquet", with_accepted=True)
    wanted = decisions()
    assert found["case_id"].to_list() == [each.state.case.id for each in wanted]
    assert found["score"].to_list() == [each.score for each in wanted]
    assert found["fired"].to_list() == [each.fired for each in wanted]
    assert found["warnings"].to_list() == [[notice.code for notice in each.warnings] for each in wanted]
    assert found["recompense_total"].to_list() == [Decimal(each.total) / 100 for each in wanted]
    assert found["resolve_by"].to_list() == [to_datetime(each.commitments[2][1]) for each in wanted]


def test_accepted_cases_leave_the_queue(tmp_path: Path) -> None:
    result = reprioritize(run_of(tmp_path / "queue.parquet"))
    found = pl.read_parquet(result.out)
    assert "K-1006" not in found["case_id"].to_list()
    assert found["rank"].to_list() == list(range(1, found.height + 1))
    assert (result.summary.cases, result.summary.accepted, result.summary.queue) == (8, 1, 7)
    kept = queue(tmp_path / "all.parquet", with_accepted=True)
    assert kept.row(-1, named=True)["case_id"] == "K-1006"
    assert kept["rank"].to_list() == [*range(1, 8), None]


def test_the_columns_are_the_rank_and_those_of_a_decision(tmp_path: Path) -> None:
    found = queue(tmp_path / "queue.parquet")
    assert found.columns == ["rank", *DECISION]
    assert found.schema["opened_at"] == pl.Datetime("us", "UTC")
    assert found.schema["recompense_total"] == pl.Decimal(38, 2)


def test_every_format_says_the_same(tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        reprioritize(run_of(tmp_path / f"queue.{suffix}"))
    table = pl.read_parquet(tmp_path / "queue.parquet")
    objects = [json.loads(line) for line in (tmp_path / "queue.ndjson").read_text().splitlines()]
    cells = pl.read_csv(tmp_path / "queue.csv", infer_schema=False).to_dicts()
    assert len(objects) == len(cells) == table.height
    for row, told, cell in zip(table.to_dicts(), objects, cells, strict=True):
        assert told == _plain(row)
        assert {name: _cell(value) for name, value in _plain(row).items()} == cell


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a table holds
    """A value as JSON has it: money as text, times as ISO 8601."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else value


def _cell(value: Any) -> str | None:  # noqa: ANN401 - whatever JSON holds
    """A value as CSV has it."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def test_without_events_nothing_has_happened(tmp_path: Path) -> None:
    found = queue(tmp_path / "queue.parquet", events=[])
    decider = Decider(RETAIL, records())
    alone = {case.id: decider.decide(case._replace(timeline=()), b"", NOW).score for case in cases()}
    assert dict(found.select("case_id", "score").iter_rows()) == alone


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_empty_backlog_is_an_empty_answer(suffix: str, tmp_path: Path) -> None:
    empty = tmp_path / "cases.csv"
    empty.write_text("case_id,opened_at\n")
    result = reprioritize(run_of(tmp_path / f"queue.{suffix}", cases=[str(empty)]))
    assert (result.summary.cases, result.manifest["output"]["rows"]) == (0, 0)
    if suffix == "parquet":
        assert pl.read_parquet(result.out).columns == ["rank", *DECISION]
    else:
        assert result.out.read_text() == ("" if suffix == "ndjson" else ",".join(["rank", *DECISION]) + "\n")


def test_what_is_odd_is_counted_and_nothing_is_dropped(tmp_path: Path) -> None:
    summary = reprioritize(run_of(tmp_path / "queue.parquet")).summary
    strangers = sum(case.customer_id not in {"C-1", "C-2"} for case in cases())
    assert summary.warnings["unknown-customer"] == strangers
    assert summary.warnings["unknown-issue"] == 1
    assert summary.remarks == ("events: 1 of 24 rows are of cases that are not in the backlog",)


def test_the_summary_adds_up(tmp_path: Path) -> None:
    summary = reprioritize(run_of(tmp_path / "queue.parquet")).summary
    waiting = [each for each in decisions() if each.fact("case.status") != "accepted"]
    assert summary.recompense == sum(each.total for each in waiting)
    assert sum(summary.tiers.values()) == sum(summary.levels.values()) == len(waiting)
    for place, kind in enumerate(("acknowledge", "next_update", "resolve", "final_response")):
        states = [each.commitments[place] for each in waiting]
        assert summary.states[kind, "breached"] == sum(state == "breached" for _, _, state in states)
        assert summary.due[kind, 24] == sum(state == "open" and due <= NOW + 24 * HOUR for _, due, state in states)
    assert [row["case_id"] for row in summary.first] == [each.state.case.id for each in waiting]


# however it is cut


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_output_is_the_same_bytes_however_the_backlog_is_cut(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "ROW_GROUP", 64)
    files = many(tmp_path)
    found = set()
    for parts, rows in ((1, 10_000), (7, 50), (2, 7)):
        monkeypatch.setattr(local, "range_rows", lambda _, rows=rows: rows)
        result = reprioritize(run_of(tmp_path / f"queue.{suffix}", **files, parts=parts, with_accepted=True, policy=SHOP))
        assert result.manifest["output"]["rows"] == 200
        found.add((result.out.read_bytes(), manifest_of(result.out).read_bytes(), json.dumps(result.summary.data())))
    assert len(found) == 1


def test_a_range_holds_about_as_many_rows_as_it_should(tmp_path: Path) -> None:
    frame = pl.LazyFrame({"case_id": [f"{n:05}" for n in range(5000)]}).with_columns(
        score=pl.lit(7), opened_at=pl.lit(0), status=pl.lit("open"),
        **{f"{kind}_by": pl.lit(None, pl.Int64) for kind in ("acknowledge", "next_update", "resolve", "final_response")},
        **{f"{kind}_state": pl.lit("met") for kind in ("acknowledge", "next_update", "resolve", "final_response")},
    )  # fmt: skip
    odd = pl.col("case_id").str.slice(4).cast(pl.Int64) % 2 == 0
    parts = [merge.write_sorted(frame.filter(each), tmp_path / f"{n}.parquet") for n, each in enumerate((odd, ~odd))]
    found = list(merge.ranges(parts, 500))
    assert max(each.height for each in found) < 1000
    assert pl.concat(found)["rank"].to_list() == list(range(1, 5001))
    assert pl.concat(found)["case_id"].is_sorted()


# an earlier output


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_earlier_output_of_any_format_says_how_far_each_case_moved(suffix: str, tmp_path: Path) -> None:
    rows = [row for row in example("cases") if row["case_id"] != "K-1004"]
    old = reprioritize(run_of(tmp_path / f"old.{suffix}", cases=[str(write(rows, tmp_path / "cases.csv"))], events=[]))
    before = queue(tmp_path / "before.parquet", cases=[str(tmp_path / "cases.csv")], events=[])
    result = reprioritize(run_of(tmp_path / "queue.parquet", previous=old.out))
    found = pl.read_parquet(result.out)
    ranks = dict(before.select("case_id", "rank").iter_rows())
    assert found.columns[-4:] == ["previous_rank", "moved", "previous_score", "previous_band"]
    assert found["previous_rank"].to_list() == [ranks.get(case) for case in found["case_id"]]
    assert found["moved"].to_list() == [
        None if case not in ranks else ranks[case] - rank for case, rank in found.select("case_id", "rank").iter_rows()
    ]
    moves = result.summary.moves
    assert (moves["new"], moves["left"]) == (1, 1)
    assert moves["rose"] + moves["fell"] + moves["stayed"] + moves["new"] == found.height
    assert moves["rose"] == sum(move > 0 for move in found["moved"].drop_nulls())


def test_why_cases_moved_are_the_rules_whose_points_changed(tmp_path: Path) -> None:
    old = reprioritize(run_of(tmp_path / "old.parquet", events=[]))
    result = reprioritize(run_of(tmp_path / "queue.parquet", previous=old.out))
    points = [pl.read_parquet(each.out).select("case_id", "rank", "points").rows_by_key("case_id") for each in (old, result)]
    expected: dict[tuple[str, str], list[int]] = {}
    for case, ((rank, now),) in points[1].items():
        ((rank_before, before),) = points[0][case]
        if rank != rank_before:
            gained = {each["rule"]: each["points"] for each in now}
            for each in before:
                gained[each["rule"]] = gained.get(each["rule"], 0) - each["points"]
            for rule, change in gained.items():
                if change:
                    expected.setdefault(("rose" if rank < rank_before else "fell", rule), []).append(change)
    assert result.summary.causes == {key: (len(changes), sum(changes)) for key, changes in expected.items()}
    assert expected


def test_the_output_may_be_the_earlier_one(tmp_path: Path) -> None:
    out = tmp_path / "queue.parquet"
    assert queue(out).height == queue(out, previous=out).height
    assert set(queue(out, previous=out)["moved"].to_list()) == {0}


# the manifest


def test_the_manifest_has_the_digests_of_everything(tmp_path: Path) -> None:
    old = reprioritize(run_of(tmp_path / "old.csv")).out
    result = reprioritize(run_of(tmp_path / "queue.csv", previous=old))
    told = json.loads(manifest_of(result.out).read_text())
    assert told == result.manifest
    assert told["now"] == format_instant(NOW)
    assert told["policy"] == {"name": RETAIL.name, "version": RETAIL.version, "digest": RETAIL.digest}
    assert told["snapshot"] == {"id": "facts", "as_of": format_instant(NOW)}
    assert {name: table["rows"] for name, table in told["tables"].items()} == {"cases": 8, "events": 24}
    files = [*(entry for table in told["tables"].values() for entry in table["files"]), told["previous"], told["output"]]
    for entry in files:
        content = Path(entry["path"]).read_bytes()
        assert (entry["sha256"], entry["bytes"]) == (sha256(content).hexdigest(), len(content))
    assert [Path(entry["path"]).name for entry in files] == ["cases.csv", "events.csv", "old.csv", "queue.csv"]


# whole or not at all


def fails(error: BaseException) -> Callable[..., Any]:
    """A step that fails."""

    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
STEPS = [
    (local, "split"), (local, "write_sorted"), (output.ParquetWriter, "write"), (output.ParquetWriter, "close"),
    (run, "digest"), (whole, "write_json"), (whole, "sync"),
]  # fmt: skip
ENDS = [ComputeError(f"{FULL.strerror} (os error {FULL.errno})"), KeyboardInterrupt(), Cancelled()]
FAILURES = [*((where, step, FULL) for where, step in STEPS), *((local, "write_sorted", error) for error in ENDS)]


@pytest.mark.parametrize(("where", "step", "error"), FAILURES, ids=map(str, range(len(FAILURES))))
def test_a_run_that_fails_leaves_what_was_there(
    where: Any,  # noqa: ANN401 - a module or a class
    step: str,
    error: BaseException,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "queue.parquet"
    reprioritize(run_of(out, policy=SHOP))
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    monkeypatch.setattr(where, step, fails(error))
    wanted = TableError if isinstance(error, OSError | ComputeError) else type(error)
    with pytest.raises(wanted) as caught:
        reprioritize(run_of(out, policy=SHOP, now=NOW + HOUR))
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    if wanted is TableError:
        said = "the queue could not be written: the disk is full; what was there before stays as it was [queue-not-written]"
        assert str(caught.value) == f"{out}: {said}"


def test_a_mistake_of_the_engine_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "write_sorted", fails(ComputeError("no such column")))
    with pytest.raises(ComputeError):
        reprioritize(run_of(tmp_path / "queue.parquet", policy=SHOP))
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    litter = tmp_path / ".queue.parquet.making" / "parts"
    litter.mkdir(parents=True)
    (litter / "decided-0.parquet").write_text("half")
    reprioritize(run_of(tmp_path / "queue.parquet", policy=SHOP))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["queue.parquet", "queue.parquet.manifest.json"]


def test_two_runs_do_not_write_one_output(tmp_path: Path) -> None:
    busy: list[str] = []

    def again(*_: object) -> None:
        if not busy:
            with pytest.raises(TableError) as caught:
                reprioritize(run_of(tmp_path / "queue.parquet", policy=SHOP))
            busy.append(str(caught.value))

    reprioritize(run_of(tmp_path / "queue.parquet", policy=SHOP, progress=again))
    assert busy[0].endswith("another run is writing this output; wait for it, or write to another file [queue-busy]")


def test_a_run_tells_how_far_it_is_and_stops_when_it_is_asked_to(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    asked = run_of(tmp_path / "queue.parquet", policy=SHOP, parts=3, progress=lambda *step: told.append(step))
    result: Result = reprioritize(asked)
    assert [step for step in told if step[0] == "deciding"] == [("deciding", n, 3) for n in range(4)]
    assert told[-1] == ("writing", 8, 8)
    for stop in range(len(told)):
        answers = iter([False] * stop + [True])
        with pytest.raises(Cancelled):
            reprioritize(replace(asked, cancelled=answers.__next__))
        assert sorted(tmp_path.iterdir()) == [result.out, manifest_of(result.out)]
