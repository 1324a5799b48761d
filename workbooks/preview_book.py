"""A workbook's sheets asked for and drawn: once for each setting of the parameters that a sheet depends on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from workbooks.instances import Instance, Laid, lay_out
from workbooks.layout import Box
from workbooks.model import Dashboard, Parameter, Sheet, SpecError, Workbook
from workbooks.preview_boards import board_svg, placed
from workbooks.preview_formats import shown
from workbooks.preview_pictures import Shown, alone_svg
from workbooks.preview_rows import Ask, dimension_sql, marks_of
from workbooks.preview_sql import Rows, UnsupportedError, Value
from workbooks.preview_states import with_members
from workbooks.preview_table_calculations import Script
from workbooks.resolving import names_of, nearest

ALONE = Box(0, 0, 900, 520)
"""Room of a sheet that is on no dashboard. [px]"""


@dataclass(frozen=True)
class Studio:
    """A workbook and where its data is.

    Attributes
    ----------
    book : Workbook
        Only with sheets whose extracts are there: see `targets.fit`.
    asks : mapping of str to Ask
        Runs SQL on an extract, by the name of the extract.
    values : mapping of str to Value
        What parameters are set to, by caption, where not as at first.
    script : callable or None
        Runs scripts as TabPy does; None: sheets that need one say so.
    """

    book: Workbook
    asks: Mapping[str, Ask]
    values: Mapping[str, Value] = field(default_factory=dict)
    script: Script | None = None
    _shown: dict[tuple[object, ...], Shown] = field(default_factory=dict, repr=False)

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The workbook's parameters by caption."""
        return {one.caption: one for one in self.book.parameters}

    @cached_property
    def laid(self) -> dict[str, Laid]:
        """Every sheet with its pills resolved, by name."""
        return {one.name: lay_out(one, names_of(one.source, self.book.parameters)) for one in self.book.sheets}

    def shown(
        self, sheet: Sheet, changed: Mapping[str, Value] | None = None, kept: Mapping[str, Value] | None = None
    ) -> Shown:
        """Ask for a sheet; what was asked before is remembered.

        Parameters
        ----------
        sheet : Sheet
            One of the workbook.
        changed : mapping of str to Value
            Parameters, by caption, that are not as they are at first.
        kept : mapping of str to Value
            The one value that a quick filter keeps, by the name of its pill.
        """
        laid = with_members(self.laid[sheet.name], kept or {})
        values = {**self.values, **(changed or {})}
        key = (sheet.name, *((name, values[name]) for name in laid.parameters if name in values), *(kept or {}).items())
        if key not in self._shown:
            self._shown[key] = self._ask(laid, values)
        return self._shown[key]

    def members(self, sheet: Sheet, one: Instance) -> list[tuple[Value, str]]:
        """Give the values of a dimension of a sheet's extract, with how they are shown."""
        rows = Rows(self.laid[sheet.name].names, self.values)
        value = dimension_sql(one, rows)
        query = f"SELECT {value} AS c0 FROM {rows.source} WHERE {value} IS NOT NULL GROUP BY 1 ORDER BY 1"
        return [(value, shown(value, one)) for value in self.asks[sheet.source.name](query)["c0"].tolist()]

    def _ask(self, laid: Laid, values: Mapping[str, Value]) -> Shown:
        try:
            marks = marks_of(laid, self.asks[laid.sheet.source.name], values, self.script)
        except UnsupportedError as error:
            return Shown(laid, None, str(error), values)
        return Shown(laid, marks, "", values)

    def board(self, board: Dashboard) -> str:
        """Draw a dashboard as SVG."""
        sheets = {sheet.name: self.shown(sheet) for sheet in board.sheets}
        return board_svg(board, sheets, self.parameters, self.values)

    def sheets(self) -> Iterator[tuple[Sheet, str]]:
        """Draw every sheet as SVG, as large as on its first dashboard."""
        boxes = {
            one.zone.of.name: one.box
            for board in reversed(self.book.dashboards)
            for one in placed(board)
            if one.zone.kind == "sheet" and isinstance(one.zone.of, Sheet)
        }
        for sheet in self.book.sheets:
            box = boxes.get(sheet.name, ALONE)
            yield sheet, alone_svg(self.shown(sheet), box.width, box.height)


def read_value(parameter: Parameter, text: str) -> Value:
    """Read what a parameter is to be set to: a value, or the label of one of its choices.

    Raises
    ------
    SpecError
        When it is not of its datatype, or none of its choices.
    """
    by_label = {label: value for value, label in parameter.choices}
    readers: dict[str, Callable[[str], Value]] = {
        "integer": int,
        "real": float,
        "boolean": lambda one: one.lower() == "true",
    }
    try:
        value: Value = by_label[text] if text in by_label else readers.get(parameter.datatype, str)(text)
    except ValueError:
        raise SpecError(parameter.caption, f"{text!r} is no {parameter.datatype}") from None
    if parameter.choices and value not in by_label.values():
        raise SpecError(parameter.caption, f"{text!r} is none of {', '.join(by_label)}{nearest(text, by_label)}")
    return value


def read_settings(settings: Sequence[str], parameters: Mapping[str, Parameter]) -> dict[str, Value]:
    """Read `Caption=value` of parameters.

    Raises
    ------
    SpecError
        For a caption that no parameter has, or a value that it cannot have.
    """
    values: dict[str, Value] = {}
    for setting in settings:
        caption, _, text = setting.partition("=")
        if caption not in parameters:
            raise SpecError(setting, f"no parameter [{caption}]{nearest(caption, parameters)}")
        values[caption] = read_value(parameters[caption], text)
    return values
