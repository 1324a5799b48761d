"""Pills resolved: what stands on a sheet's shelves, under Tableau's names for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from workbooks.derivations import AGGREGATES, DATE_PARTS, LETTERS, SHORT, TRUNCATIONS, refusal, type_of_pill
from workbooks.levels import Level
from workbooks.model import Filter, Line, Pill, Sheet, Shown, SpecError
from workbooks.resolving import Known, Names, nearest, parameter_reference
from workbooks.tree import bracketed

TOKEN = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class Instance:
    """A pill under its internal name.

    Attributes
    ----------
    known : Known
        Its field.
    source_id : str
        Internal name of the data source.
    how : str
        Derivation.
    type : str
        nominal, ordinal or quantitative.
    format : str
        Number format of marks and headers on this sheet.
    title, ticks, scale : str or None
        Of its axis, as `Pill` has them.
    order : tuple of str
        References of the pills along which a table calculation runs.
    inner : tuple of str
        References of table calculations in its formula.
    """

    known: Known
    source_id: str
    how: str
    type: str
    format: str = ""
    title: str | None = None
    ticks: str = ""
    scale: str = ""
    order: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """`[sum:energy_kwh:qk]`."""
        return f"[{SHORT[self.how]}:{self.known.name[1:-1]}:{LETTERS[self.type]}]"

    @property
    def ref(self) -> str:
        """The name with its data source: `[federated.x].[sum:energy_kwh:qk]`."""
        return f"{bracketed(self.source_id)}.{self.name}"

    @property
    def is_aggregate(self) -> bool:
        """True for what does not divide the marks."""
        return self.how in AGGREGATES or self.how in ("Attribute", "User")


@dataclass(frozen=True)
class Laid:
    """A sheet with every pill resolved.

    Attributes
    ----------
    sheet : Sheet
        As its author wrote it.
    names : Names
        What captions mean in its data source.
    shelves : mapping of str to tuple of Instance
        By name of the shelf: columns, rows, color, size, label, overlay, detail, tooltip.
    filters, lines : tuples of (spec, Instance)
        Filters and reference lines, each with its pill.
    sort : tuple of Instance
        Dimension and measure; empty: none.
    """

    sheet: Sheet
    names: Names
    shelves: Mapping[str, tuple[Instance, ...]]
    filters: tuple[tuple[Filter, Instance], ...]
    lines: tuple[tuple[Line, Instance], ...]
    sort: tuple[Instance, ...]

    def on(self, shelf: str) -> Instance | None:
        """Give the pill of a shelf that holds one; None when it is empty."""
        return next(iter(self.shelves[shelf]), None)

    @property
    def shown(self) -> list[Instance]:
        """What is on the shelves and the marks card, in that order."""
        return [one for pills in self.shelves.values() for one in pills]

    @property
    def every(self) -> list[Instance]:
        """Every pill once, by name."""
        more = [*(one for _, one in self.filters), *self.sort, *(one for _, one in self.lines)]
        return sorted({one.name: one for one in [*more, *self.shown]}.values(), key=lambda one: one.name)

    @property
    def is_map(self) -> bool:
        """True for a sheet whose axes are latitude and longitude."""
        axes = {
            getattr(one.known.spec, "geography", "") for shelf in ("columns", "rows") for one in self.shelves[shelf]
        }
        return {"Latitude", "Longitude"} <= axes

    @property
    def parameters(self) -> list[str]:
        """Captions of the parameters in its formulas and texts, in order."""
        used = self.names.closure(one.known.caption for one in self.every)
        found = {caption for known in used for caption in known.parameters}
        texts = TOKEN.findall(self.sheet.title + self.sheet.text + self.sheet.says)
        captions = {one.known.caption for one in self.shown}
        found |= {caption for caption in texts if caption in self.names.parameters and caption not in captions}
        return sorted(found)

    def said(self, caption: str) -> Instance | None:
        """Give the pill that `{Caption}` stands for: a day before its week, and that before its weekday."""
        found = [one for one in self.shown if one.known.caption == caption]
        return min(found, key=lambda one: (one.how in DATE_PARTS, one.how in TRUNCATIONS), default=None)

    def fill(self, text: str) -> str:
        """Put Tableau's tokens for `{Caption}`.

        Raises
        ------
        SpecError
            For a caption that is neither a pill of this sheet nor a parameter.
        """
        return TOKEN.sub(lambda match: f"<{self._token(match[1])}>", text)

    def _token(self, caption: str) -> str:
        if said := self.said(caption):
            return said.ref
        if caption in self.names.parameters:
            return parameter_reference(caption)
        captions = [*(one.known.caption for one in self.shown), *self.names.parameters]
        raise SpecError(
            self.sheet.place,
            f"{{{caption}}} is no pill of {self.sheet.name!r} and no parameter{nearest(caption, captions)}",
        )


def lay_out(sheet: Sheet, names: Names) -> Laid:
    """Resolve every pill of a sheet.

    Raises
    ------
    SpecError
        For a caption that is not there, a derivation that its field cannot have, an aggregate of an aggregate, a table
        calculation without its order, a plain dimension on a tooltip; with the line of the spec.
    """

    shelves = {
        shelf: tuple(instance_of(one, names, sheet.place) for one in pills if shelf != "tooltip")
        for shelf, pills in _pills(sheet).items()
    }
    shelves["tooltip"] = tuple(_told(one, names, sheet.place) for one in sheet.tooltip)
    laid = Laid(
        sheet,
        names,
        shelves,
        tuple((one, instance_of(one.on, names, one.place)) for one in sheet.filters),
        tuple((line, instance_of(line.of, names, line.place)) for line in sheet.lines),
        tuple(instance_of(one, names, sheet.place) for one in sheet.sort or ()),
    )
    _check_axes(laid)
    return _ordered(laid)


def _check_axes(laid: Laid) -> None:
    """Refuse what has no axis or header to be on: Tableau drops a line, a sort, a second measure without a word."""
    axes = {one.name for shelf in ("columns", "rows") for one in laid.shelves[shelf] if one.type == "quantitative"}
    for line, one in laid.lines:
        if one.name not in axes:
            raise SpecError(line.place, f"a line of [{one.known.caption}], which is on no axis of {laid.sheet.name!r}")
    shown = {one.name for one in laid.shown}
    if laid.sort and laid.sort[0].name not in shown:
        raise SpecError(
            laid.sheet.place, f"sorted by [{laid.sort[0].known.caption}], which is not on {laid.sheet.name!r}"
        )
    rows = laid.shelves["rows"]
    if laid.shelves["overlay"] and not (rows and rows[-1].type == "quantitative"):
        raise SpecError(
            laid.sheet.place, f"{laid.sheet.name!r} has no measure on its rows for a second one to lie over"
        )


def instance_of(shown: Shown, names: Names, place: str) -> Instance:
    """Resolve one pill; a table calculation's order is not yet known."""
    pill = shown if isinstance(shown, Pill) else Pill(shown, place=place)
    known = names.find(pill.caption, pill.place)
    how = pill.how or _default(known)
    if known.is_aggregate != (how == "User"):
        raise SpecError(pill.place, _wrong_level(known, how))
    if why := refusal(how, known.spec.datatype):
        raise SpecError(pill.place, f"[{pill.caption}]: {why}")
    kind = type_of_pill(how, known.spec.datatype, known.is_measure, pill.discrete)
    return Instance(known, names.id, how, kind, pill.format, pill.title, pill.ticks, pill.scale)


def _default(known: Known) -> str:
    if known.is_aggregate:
        return "User"
    if known.is_measure:
        return getattr(known.spec, "aggregation", "") or "Sum"
    return "None"


def _wrong_level(known: Known, how: str) -> str:
    if known.is_aggregate:
        return f"[{known.caption}] is an aggregate already; {how} of it would be a second one"
    return f"[{known.caption}] is a value of the rows and needs an aggregation, not User"


def _told(shown: Shown, names: Names, place: str) -> Instance:
    """Resolve a pill of the tooltip, where a plain dimension would blank the sheet."""
    if isinstance(shown, str) and _default(names.find(shown, place)) == "None":
        return instance_of(Pill(shown, "Attribute", place=place), names, place)
    made = instance_of(shown, names, place)
    if made.how == "None":
        raise SpecError(place, f"[{made.known.caption}] on a tooltip blanks the sheet: use only_one()")
    return made


def _ordered(laid: Laid) -> Laid:
    """Give every table calculation the order that its spec names."""
    on_shelves = [pill for pills in _pills(laid.sheet).values() for pill in pills]
    every = [*on_shelves, *(one.on for one in laid.sheet.filters)]
    along = {pill.caption: pill for pill in every if isinstance(pill, Pill) and pill.along is not None}
    dimensions = {one.known.caption: one.ref for one in reversed(laid.shown) if not one.is_aggregate}

    def ordered(one: Instance) -> Instance:
        if one.known.level is not Level.TABLE:
            return one
        if one.known.caption not in along:
            raise SpecError(
                laid.sheet.place, f"[{one.known.caption}] is a table calculation: say along what, with table(…)"
            )
        inner = [used for used in laid.names.closure(one.known.uses) if used.level is Level.TABLE]
        refs = tuple(f"{bracketed(one.source_id)}.{used.name}" for used in inner)
        return replace(one, order=_order(along[one.known.caption], dimensions, laid.sheet), inner=refs)

    return replace(
        laid,
        shelves={shelf: tuple(map(ordered, pills)) for shelf, pills in laid.shelves.items()},
        filters=tuple((spec, ordered(one)) for spec, one in laid.filters),
        lines=tuple((spec, ordered(one)) for spec, one in laid.lines),
        sort=tuple(map(ordered, laid.sort)),
    )


def _order(pill: Pill, dimensions: Mapping[str, str], sheet: Sheet) -> tuple[str, ...]:
    for caption in pill.along or ():
        if caption not in dimensions:
            raise SpecError(pill.place, f"[{pill.caption}] runs along [{caption}], which is not on {sheet.name!r}")
    return tuple(dimensions[caption] for caption in pill.along or ())


def _pills(sheet: Sheet) -> dict[str, tuple[Shown, ...]]:
    """Give what an author put on each shelf."""
    single = {"color": sheet.color, "size": sheet.size, "label": sheet.label}
    single["overlay"] = sheet.overlay.of if sheet.overlay else None
    shelves = {shelf: (one,) if one else () for shelf, one in single.items()}
    return {"columns": sheet.columns, "rows": sheet.rows, **shelves, "detail": sheet.detail, "tooltip": sheet.tooltip}
