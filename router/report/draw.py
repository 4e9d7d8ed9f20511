"""Plots: Vega-Lite specifications drawn as SVG that takes its colours from the page's stylesheet."""

from collections.abc import Mapping
from typing import Any, TypeAlias
from xml.etree import ElementTree as ET

Spec: TypeAlias = Mapping[str, Any]
"""A Vega-Lite specification without its width. A mark's ``description`` is what a pointer on it tells."""

WIDE, NARROW = 560, 350
"""Pixels of a plot on a desk or on paper, and on a phone."""

_SVG = "{http://www.w3.org/2000/svg}"
_PALE = {
    "domain": False,
    "ticks": False,
    "gridColor": "var(--line)",
    "labelColor": "var(--soft)",
    "titleColor": "var(--soft)",
}
_THEME: Spec = {
    "font": "system-ui, sans-serif",
    "background": None,
    "view": {"stroke": None},
    "axis": {
        **_PALE,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelPadding": 6,
        "titlePadding": 8,
    },
    "legend": {
        "orient": "top",
        "title": None,
        "labelColor": "var(--ink)",
        "labelFontSize": 12,
        "symbolType": "square",
        "columnPadding": 14,
    },
    "bar": {"discreteBandSize": {"band": 0.72}},
    "text": {"color": "var(--soft)", "fontSize": 12},
}


def draw(spec: Spec, name: str, width: int) -> str:
    """The SVG of a specification, so many pixels wide. ``name`` keeps the ids in it apart from those of other plots."""
    from vl_convert import vegalite_to_svg  # noqa: PLC0415 - belongs to the extra `report`

    fit = {"type": "fit", "contains": "padding"}
    legend = {**_THEME["legend"], "columns": 2 if width == NARROW else 4}
    whole = {**spec, "width": width, "autosize": fit, "config": {**_THEME, "legend": legend}}
    return _for_page(vegalite_to_svg(whole, allowed_base_urls=[]), f"{name}-{width}-")


def _for_page(svg: str, prefix: str) -> str:
    """As part of a page: scales with it, ids of its own, each mark with a tooltip, and to a screen reader one picture."""
    root = ET.fromstring(svg)  # noqa: S314 - drawn here, a line ago
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        said = {
            name: element.attrib.pop(name) for name in list(element.attrib) if name == "role" or name.startswith("aria-")
        }
        if said.get("role") == "graphics-symbol" and said["aria-roledescription"] not in {"axis", "legend"}:
            element.set("class", "mark")
            ET.SubElement(element, f"{_SVG}title").text = said.get("aria-label", "")
        for name, value in element.attrib.items():
            element.set(name, value.replace("url(#", f"url(#{prefix}"))
        if "id" in element.attrib:
            element.set("id", prefix + element.attrib["id"])
    for size in ("width", "height"):
        del root.attrib[size]
    root.attrib |= {"aria-hidden": "true", "focusable": "false"}
    return ET.tostring(root, encoding="unicode")
