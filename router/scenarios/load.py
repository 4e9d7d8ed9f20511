"""From scenario files to scenarios bound to their policies, with every mistake of every file."""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import ValidationError

from router.decide.decider import case_layout
from router.decide.records import FactRecords, facts_layout, read_facts
from router.errors import PolicyError, Problem, nearby
from router.policy.model import Policy
from router.policy.store import read_text
from router.scenarios.document import ScenarioDocument, ScenariosDocument
from router.scenarios.model import Scenario
from router.text import nfc
from router.yaml import Source, load

PolicyOf: TypeAlias = Callable[[Path, str], Policy]
"""The policy for a scenario file and the version it asks for (empty: the newest). Raises ``PolicyError``."""

CUSTOMER, ORDER = "customer", "order"
"""Ids of the customer and the order of a scenario that names none."""


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """A file that was read: where it stands, its text with places and what is wrong with it, and those of its scenarios that
    can be read, by their places.
    """

    path: Path
    source: Source
    documents: Mapping[int, ScenarioDocument]

    @property
    def names(self) -> Mapping[str, int]:
        """The place of each scenario, whether it can be read or not."""
        items = self.source.data if isinstance(self.source.data, list) else []
        named = ((item.get("name"), place) for place, item in enumerate(items) if isinstance(item, dict))
        return {nfc(name): place for name, place in named if isinstance(name, str)}


def read_file(path: Path) -> ScenarioFile:
    """Read one scenario file. Raises :class:`PolicyError` if it holds no scenarios at all; :func:`bind` tells the rest."""
    return read_scenarios(read_text(path), path, str(path))


def read_scenarios(text: str, path: Path, name: str) -> ScenarioFile:
    """Read the text of a scenario file that stands, or could stand, at ``path``; ``name`` is what problems call it."""
    source = load(text, name)
    document = source.read(ScenariosDocument)
    if document is None and not isinstance(source.data, list):
        raise PolicyError(source.problems)
    documents = dict(enumerate(document.root)) if document is not None else _readable(source.data)
    seen: set[str] = set()
    for index, scenario in documents.items():
        if scenario.name in seen:
            said = f"a scenario {scenario.name!r} is there already"
            source.problems.append(source.problem("duplicate-id", said, (index, "name")))
        seen.add(scenario.name)
    return ScenarioFile(path, source, documents)


def _readable(items: Any) -> dict[int, ScenarioDocument]:  # noqa: ANN401 - of a file
    """Those items of a list that are scenarios, by their places."""
    found = {}
    for place, item in enumerate(items):
        with suppress(ValidationError):
            found[place] = ScenarioDocument.model_validate_json(json.dumps(item))
    return found


def read_files(paths: Iterable[Path]) -> tuple[ScenarioFile, ...]:
    """Read several. Raises :class:`PolicyError` where one of them holds no scenarios at all."""
    files: list[ScenarioFile] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            files.append(read_file(path))
        except PolicyError as error:
            problems += error.problems
    if problems:
        raise PolicyError([*problems, *(problem for file in files for problem in file.source.problems)])
    return tuple(files)


def bind(files: Iterable[ScenarioFile], policy_of: PolicyOf) -> tuple[Scenario, ...]:
    """Every scenario of the files, bound to its policy. Raises :class:`PolicyError` with every mistake."""
    given = {file.path: file for file in files}
    binder = _Binder(policy_of, dict(given), [problem for file in given.values() for problem in file.source.problems])
    found = [binder.bind(file, index) for file in given.values() for index in file.documents]
    if binder.problems:
        raise PolicyError(dict.fromkeys(binder.problems))
    return tuple(scenario for scenario in found if scenario is not None)


@dataclass(slots=True)
class _Binder:
    policy_of: PolicyOf
    files: dict[Path, ScenarioFile]
    problems: list[Problem] = field(default_factory=list)
    bound: dict[tuple[Path, int], Scenario | None] = field(default_factory=dict)

    def bind(self, file: ScenarioFile, index: int) -> Scenario | None:
        """One scenario, bound once; ``None`` if something is wrong with it."""
        key = (file.path, index)
        if key not in self.bound:
            self.bound[key] = None  # what a scenario finds that is, in the end, to be better than itself
            self.bound[key] = self.make(file, index) if index in file.documents else None
        return self.bound[key]

    def make(self, file: ScenarioFile, index: int) -> Scenario | None:
        document, source, before = file.documents[index], file.source, len(self.problems)
        try:
            policy = self.policy_of(file.path, document.policy_version or "")
        except PolicyError as error:
            asked = (index, "policy_version")
            for problem in error.problems:
                own = problem.where == str(file.path)
                self.problems.append(source.problem(problem.code, problem.message, asked) if own else problem)
            return None
        records = self.records(file, index, policy)
        known = [fact.name for fact in (*facts_layout(policy), *case_layout(policy))]
        for name in document.expect.facts:
            if name not in known:
                said = f"no fact {name}; {nearby(name, known)}"
                self.problems.append(source.problem("unknown-fact", said, (index, "expect", "facts", name), key=True))
        other = self.other(file, index) if document.better_than else None
        if len(self.problems) > before:
            return None
        given = document.case
        case = given.model_copy(
            update={
                "customer_id": given.customer_id or (CUSTOMER if document.customer is not None else ""),
                "order_id": given.order_id or (ORDER if given.order_on_record is not None else ""),
            }
        ).case(document.name, policy.currency, policy.facts)
        line = source.problem("", "", (index, "name")).line
        return Scenario(document.name, str(file.path), line, policy, document.now, case, records, document.expect, other)

    def records(self, file: ScenarioFile, index: int, policy: Policy) -> FactRecords:
        document = file.documents[index]
        layout = facts_layout(policy)
        facts, mistakes = (None, []) if document.customer is None else read_facts(document.customer, layout)
        for key, code, said in mistakes:
            known_key = code == "unknown-fact"
            self.problems.append(file.source.problem(code, said, (index, "customer", key), key=known_key))
        case = document.case
        return FactRecords(
            layout,
            policy.currency,
            as_of=document.now,
            customers={} if facts is None else {case.customer_id or CUSTOMER: facts},
            orders=None if case.order_on_record is None else {case.order_id or ORDER: case.order_on_record},
        )

    def other(self, file: ScenarioFile, index: int) -> Scenario | None:
        """The scenario that one has to be better than: of its file, else of its folder."""
        name = file.documents[index].better_than or ""
        at = (index, "better_than")
        for candidate in self.neighbours(file):
            if name in candidate.names:
                found = self.bind(candidate, candidate.names[name])
                if found is None:
                    said = f"{name!r} cannot be compared with: it is wrong itself, or it is to be better than this one"
                    self.problems.append(file.source.problem("unknown-scenario", said, at))
                return found
        known = [name for candidate in self.neighbours(file) for name in candidate.names]
        said = f"no scenario {name!r} in this folder; {nearby(name, known)}"
        self.problems.append(file.source.problem("unknown-scenario", said, at))
        return None

    def neighbours(self, file: ScenarioFile) -> Iterable[ScenarioFile]:
        yield file
        for path in scenario_files(file.path.parent):
            if path != file.path and path.parent == file.path.parent:
                if path not in self.files:
                    try:
                        self.files[path] = read_file(path)
                    except PolicyError:  # nobody asked for that file; the name that is looked for is not in it
                        continue
                yield self.files[path]


def scenario_files(folder: Path) -> list[Path]:
    """Every scenario file below a folder."""
    return sorted(path for path in folder.rglob("*.y*ml") if path.suffix in {".yaml", ".yml"} and path.is_file())
