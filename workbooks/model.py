"""What a workbook is made of, as its author writes it: captions, never Tableau's internal names.

Workbook
 ├─ Parameter         a value that the reader sets
 ├─ Dashboard         Zones (sheets, text, controls) and Actions
 │   └─ Sheet         Pills on shelves, Filters; of one DataSource
 │       └─ DataSource   Fields of an extract, Calculations
 └─ Story             points, each a dashboard or sheet

Everything is frozen, and remembers the line of the spec that made it, so that a typo is told with its place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from workbooks.model_fields import (
    Calculation,
    DataSource,
    Datatype,
    Field,
    Geography,
    Parameter,
    Pill,
    Placed,
    SpecError,
)
from workbooks.palettes import Palette

__all__ = [
    "Action",
    "Calculation",
    "Dashboard",
    "DataSource",
    "Datatype",
    "Field",
    "Filter",
    "Geography",
    "Line",
    "Overlay",
    "Parameter",
    "Pill",
    "Sheet",
    "Shown",
    "SpecError",
    "Story",
    "Workbook",
    "Zone",
]


Shown = Pill | str
"""A pill; a bare caption is one with the field's defaults."""


@dataclass(frozen=True)
class Filter(Placed):
    """Which rows or marks stay.

    Attributes
    ----------
    on : Pill or str
        What is looked at.
    keep : tuple
        Values that stay; empty: all, for the reader to choose from.
    least, most : float or None
        Ends of a range, both included.
    top : int
        Only so many values, those with the highest `by`.
    by : str
        An aggregate formula with captions.
    """

    on: Shown
    keep: tuple[str | bool | int, ...] = ()
    least: float | None = None
    most: float | None = None
    top: int = 0
    by: str = ""


@dataclass(frozen=True)
class Line(Placed):
    """A reference line: a statistic of a pill on the same axis; `{value}` stands for it in the label."""

    of: Shown
    statistic: Literal["average", "max", "median", "min", "constant"] = "average"
    label: str = ""
    constant: float | None = None


@dataclass(frozen=True)
class Overlay(Placed):
    """A second measure over the first one's marks, on the same (synchronised) axis."""

    of: Shown
    mark: str = "Line"
    color: str = "#1b1b1b"


@dataclass(frozen=True)
class Sheet(Placed):
    """One view of one data source.

    Attributes
    ----------
    name : str
        Of the tab; unique among sheets and dashboards.
    source : DataSource
        Where its fields are.
    columns, rows : tuple of Pill or str
        The shelves.
    mark : str
        Tableau's mark class: `Bar`, `Line`, `Square`, `Circle`, `Text`, `Area`, `GanttBar`, `Automatic`.
    color, size, label : Pill, str or None
        The marks card.
    detail, tooltip : tuple of Pill or str
        What else divides the marks; what is only told.
    filters : tuple of Filter
        All hold together.
    sort : tuple of (dimension, measure) or None
        The dimension in descending order of the measure.
    palette : Palette or None
        Colours of what is on `color`.
    title : str
        `{Caption}` stands for the value of a parameter or of a pill; empty: no title.
    text : str
        Text of the label, with `{Caption}` as in the title; first line large. Empty: the value itself.
    says : str
        Text of the tooltip, with `{Caption}`; empty: Tableau's list of all fields.
    lines : tuple of Line
        Reference lines.
    overlay : Overlay or None
        A second measure on the rows' axis.
    mark_size : float
        Size of the marks, 1 is Tableau's own; 0: not said.
    needs : tuple of str
        Captions of fields without a single value of which the sheet would be blank: it is then left out.
    """

    name: str
    source: DataSource
    columns: tuple[Shown, ...] = ()
    rows: tuple[Shown, ...] = ()
    mark: str = "Automatic"
    color: Shown | None = None
    size: Shown | None = None
    label: Shown | None = None
    detail: tuple[Shown, ...] = ()
    tooltip: tuple[Shown, ...] = ()
    filters: tuple[Filter, ...] = ()
    sort: tuple[Shown, Shown] | None = None
    palette: Palette | None = None
    title: str = ""
    text: str = ""
    says: str = ""
    lines: tuple[Line, ...] = ()
    overlay: Overlay | None = None
    mark_size: float = 0
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Zone(Placed):
    """A rectangle of a dashboard: a leaf, or zones across or down it.

    Attributes
    ----------
    kind : str
        `across`, `down`, `sheet`, `text`, `control` (of a parameter), `filter`, `legend` or `blank`.
    of : Sheet, str or None
        The sheet; the text; the parameter's caption.
    pill : Pill, str or None
        What a `filter` or `legend` of that sheet is of.
    zones : tuple of Zone
        In a container.
    pixels : int
        Fixed extent along its container; 0: a share of what is left. [px]
    share : float
        Its part of what is left.
    mode : str
        How a control looks: `compact`, `slider`, `type_in`; a filter: `checkdropdown`, `dropdown`.
    size : int
        Of text. [pt]
    """

    kind: Literal["across", "down", "sheet", "text", "control", "filter", "legend", "blank"]
    of: "Sheet | str | None" = None
    pill: Shown | None = None
    zones: tuple["Zone", ...] = ()
    pixels: int = 0
    share: float = 1.0
    mode: str = ""
    size: int = 9

    def leaves(self) -> Iterator["Zone"]:
        """Every zone without zones of its own, in reading order."""
        if not self.zones:
            yield self
        for zone in self.zones:
            yield from zone.leaves()


@dataclass(frozen=True)
class Action(Placed):
    """What happens on a dashboard when marks are chosen.

    Attributes
    ----------
    kind : str
        `filter`: the target sheets show only what is chosen; `highlight`: all sheets point it out; `parameter`: its
        value becomes the parameter's.
    caption : str
        Its name, which a reader sees in the menu.
    sheet : Sheet
        Where marks are chosen.
    field : str
        Caption of the dimension that is handed over.
    targets : tuple of Sheet
        Of a filter action: same data source, same dashboard.
    parameter : str
        Caption, for a parameter action.
    cleared : str
        What the parameter becomes when nothing is chosen any more; empty: it stays.
    """

    kind: Literal["filter", "highlight", "parameter"]
    caption: str
    sheet: Sheet
    field: str
    targets: tuple[Sheet, ...] = ()
    parameter: str = ""
    cleared: str = ""


@dataclass(frozen=True)
class Dashboard(Placed):
    """Sheets together on a page of fixed size (width, height) [px]."""

    name: str
    layout: Zone
    width: int = 1200
    height: int = 800
    actions: tuple[Action, ...] = ()

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        """Its sheets, in reading order."""
        return tuple(zone.of for zone in self.layout.leaves() if zone.kind == "sheet" and isinstance(zone.of, Sheet))


@dataclass(frozen=True)
class Story(Placed):
    """Points in order: (caption, dashboard or sheet)."""

    name: str
    points: tuple[tuple[str, Dashboard | Sheet], ...]
    width: int = 1240
    height: int = 964


@dataclass(frozen=True)
class Workbook(Placed):
    """A whole workbook; its sheets are those of its dashboards and stories, and `sheets` that stand alone."""

    name: str
    dashboards: tuple[Dashboard, ...]
    stories: tuple[Story, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    alone: tuple[Sheet, ...] = ()

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        """Every sheet once, in the order of the dashboards."""
        told = [sheet for story in self.stories for _, sheet in story.points if isinstance(sheet, Sheet)]
        every = [sheet for dashboard in self.dashboards for sheet in dashboard.sheets]
        return tuple({sheet.name: sheet for sheet in (*every, *told, *self.alone)}.values())

    @property
    def sources(self) -> tuple[DataSource, ...]:
        """Every data source once, in the order of the sheets."""
        return tuple({sheet.source.name: sheet.source for sheet in self.sheets}.values())
