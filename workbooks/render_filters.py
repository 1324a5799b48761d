"""Filters and sorts of a sheet. A filter names the pill, its groups name the level without the data source."""

from workbooks.elements import USER, Element, element, text_element
from workbooks.instances import Instance, Laid
from workbooks.model import Filter
from workbooks.render_datasource import action_group, member_text
from workbooks.resolving import Known, resolve_formula
from workbooks.tree import bracketed

ENUMERATED = {USER + "ui-enumeration": "inclusive", USER + "ui-domain": "database", USER + "ui-marker": "enumerate"}
ALL = {USER + "ui-enumeration": "all", USER + "ui-marker": "enumerate"}


def filters(laid: Laid) -> list[Element]:
    """Render the filters of a sheet, in the order of the spec.

    Tableau takes top N before other filters, unless those are of the context: beside a top N they are.
    """
    has_top = any(spec.top for spec, _ in laid.filters)
    return [_filter(spec, one, laid, has_top and not one.is_aggregate) for spec, one in laid.filters]


def linked_filter(known: Known, source_id: str, action: str) -> Element:
    """Render what a filter action needs on its target: the field's hidden group, with all its values at first."""
    members = element("groupfilter", {"function": "level-members", "level": known.name})
    group = element("groupfilter", {"function": "crossjoin", USER + "ui-action-filter": action, **ALL}, members)
    return element("filter", {"class": "categorical", "column": linked_column(known, source_id)}, group)


def linked_column(known: Known, source_id: str) -> str:
    """Give the column of a filter action's filter."""
    return f"{bracketed(source_id)}.{action_group(known)}"


def sort(laid: Laid) -> "Element | None":
    """Render the sort of a sheet: a dimension, in descending order of a measure."""
    if not laid.sort:
        return None
    dimension, measure = laid.sort
    return element("computed-sort", {"column": dimension.ref, "direction": "DESC", "using": measure.ref})


def slices(columns: list[str]) -> "Element | None":
    """List the columns of the filters; one that is missing here may be stripped."""
    return element("slices", None, *(text_element("column", ref) for ref in columns)) if columns else None


def _filter(spec: Filter, one: Instance, laid: Laid, in_context: bool) -> Element:
    context = True if in_context and not spec.top else None
    if spec.least is not None or spec.most is not None:
        return _range(spec, one, context)
    made = _top(spec, one, laid) if spec.top else _members(spec, one)
    return element("filter", {"class": "categorical", "column": one.ref, "context": context}, made)


def _range(spec: Filter, one: Instance, context: bool | None) -> Element:
    ends = [
        text_element(tag, str(value)) for tag, value in (("min", spec.least), ("max", spec.most)) if value is not None
    ]
    attributes = {"class": "quantitative", "column": one.ref, "context": context, "included-values": "in-range"}
    return element("filter", attributes, *ends)


def _members(spec: Filter, one: Instance) -> Element:
    if not spec.keep:
        return element("groupfilter", {"function": "level-members", "level": one.name, **ALL})
    if len(spec.keep) == 1:
        return _member(one, spec.keep[0], ENUMERATED)
    return element(
        "groupfilter", {"function": "union", **ENUMERATED}, *(_member(one, value, {}) for value in spec.keep)
    )


def _member(one: Instance, value: str | bool | int, marks: dict[str, str]) -> Element:
    attributes = {"function": "member", "level": one.name, "member": member_text(value), **marks}
    return element("groupfilter", attributes)


def _top(spec: Filter, one: Instance, laid: Laid) -> Element:
    """Render the nested form of top N; the flat one is stripped without a word."""
    formula, _, _ = resolve_formula(spec.by, laid.names, spec.place)
    members = element("groupfilter", {"function": "level-members", "level": one.name, **ALL})
    ordered = {"direction": "DESC", "expression": formula, "function": "order", USER + "ui-marker": "order"}
    ended = {"count": spec.top, "end": "top", "function": "end", "units": "records", USER + "ui-marker": "end"}
    return element("groupfilter", ended, element("groupfilter", ordered, members))
