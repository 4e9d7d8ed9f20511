"""The parts of a page, and the file that they become."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypeAlias

from router.errors import Problem, SettingsError
from router.files.whole import put
from router.report.draw import NARROW, WIDE, Spec, draw

Tone: TypeAlias = Literal["", "good", "warn", "bad"]
Cell: TypeAlias = str | int | Sequence[str]
"""A text, a whole number, or several short texts, none of which is broken in two."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that somebody looks for first."""

    label: str
    value: str
    note: str = ""
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. Numbers stand right, names are given room, a ``mark`` has the colour of what it says."""

    title: str
    numeric: bool = False
    name: bool = False
    mark: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells. ``caption`` says what they are."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.rows


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture of a table: a Vega-Lite specification, what it shows in one sentence, and the same in numbers."""

    name: str
    title: str
    told: str
    spec: Spec
    table: Table

    def svg(self, width: int) -> str:
        """Drawn so many pixels wide."""
        return draw(self.spec, self.name, width)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, a sentence, and below it plots and small tables side by side, then tables as wide as the page."""

    title: str
    told: str = ""
    cards: Sequence[Plot | Table] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """All that a page tells, texts as they are: they are escaped when it is written."""

    title: str
    told: str
    figures: Sequence[Figure]
    sections: Sequence[Section]
    provenance: Sequence[tuple[str, str]] = field(default=())


def needs_extra() -> None:
    """Raise ``SettingsError`` where the libraries that draw a page are not installed; ask before the work, not after it."""
    if not (find_spec("jinja2") and find_spec("vl_convert")):
        message = "--report needs the libraries that draw it: pip install 'case-router[report]'"
        raise SettingsError([Problem("bad-value", message, field="report")])


def render(page: Page) -> str:
    """The page as HTML, without a script; its policy forbids it every request, and every style but its own."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - belongs to the extra `report`

    style = files("router.report").joinpath("page.css").read_text(encoding="utf-8")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    loader = PackageLoader("router.report", package_path="")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html").render(page=page, style=style, digest=digest, widths=(WIDE, NARROW))


def write_page(page: Page, path: Path) -> None:
    """Write the page, whole or not at all."""
    needs_extra()
    new = path.with_name(f"{path.name}.new")
    try:
        new.write_text(render(page), encoding="utf-8")
        put(new, path)
    finally:
        new.unlink(missing_ok=True)
