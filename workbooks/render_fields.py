"""Columns and column-instances: each field and each pill is declared before it is used."""

import re
from collections.abc import Iterable

from workbooks.elements import Element, element, formatted_text
from workbooks.instances import Instance
from workbooks.levels import Level
from workbooks.model import Calculation, Field, Parameter
from workbooks.resolving import Known, Names, parameter_reference


def column(known: Known, described: bool = False) -> Element:
    """Render a field or calculation; with its description where the field list is, not on sheets."""
    spec = known.spec
    attributes = {
        "caption": spec.caption,
        "datatype": spec.datatype,
        "default-format": spec.format or None,
        "hidden": getattr(spec, "hidden", False) or None,
        "name": known.name,
        "role": "measure" if known.is_measure else "dimension",
        "type": known.type,
        "aggregation": getattr(spec, "aggregation", "") or None,
        "semantic-role": _geography(spec),
    }
    description = element("desc", None, formatted_text([(spec.description, {})]))
    return element("column", attributes, _calculation(known), description if described and spec.description else None)


def _geography(spec: Field | Calculation) -> str | None:
    return f"[Geographical].[{spec.geography}]" if isinstance(spec, Field) and spec.geography else None


def _calculation(known: Known) -> "Element | None":
    if not isinstance(known.spec, Calculation):
        return None
    default = element("table-calc", {"ordering-type": "Rows"}) if known.level is Level.TABLE else None
    return element("calculation", {"class": "tableau", "formula": known.formula}, default)


def column_instance(one: Instance) -> Element:
    """Render a pill, with the order of a table calculation."""
    attributes = {"column": one.known.name, "derivation": one.how, "name": one.name, "pivot": "key", "type": one.type}
    if one.known.level is not Level.TABLE:
        return element("column-instance", attributes)
    orders = [_order(one), *(_order(one, inner) for inner in one.inner)]
    return element("column-instance", attributes, *orders)


def _order(one: Instance, of: str | None = None) -> Element:
    """Say along what a table calculation runs; without a dimension, cell by cell."""
    if not one.order:
        return element("table-calc", {"field": of, "ordering-type": "CellInPane"})
    if len(one.order) == 1:
        return element("table-calc", {"field": of, "ordering-field": one.order[0], "ordering-type": "Field"})
    orders = [element("order", {"field": ref}) for ref in one.order]
    return element("table-calc", {"field": of, "ordering-type": "Field"}, *orders)


def dependencies(names: Names, instances: Iterable[Instance], more: Iterable[str] = ()) -> Element:
    """Render what a sheet uses of its data source: columns (with all that formulas use), then pills, both by name.

    `more` are captions of fields that are used without a pill.
    """
    pills = list(instances)
    columns = names.closure([*(one.known.caption for one in pills), *more])
    made = [column(known) for known in sorted(columns, key=lambda known: known.name)]
    return element("datasource-dependencies", {"datasource": names.id}, *made, *map(column_instance, pills))


def parameter_dependencies(parameters: Iterable[Parameter]) -> "Element | None":
    """Render the parameters that a sheet or dashboard uses; None for none."""
    columns = [parameter_column(parameter) for parameter in parameters]
    return element("datasource-dependencies", {"datasource": "Parameters"}, *columns) if columns else None


def parameter_column(parameter: Parameter) -> Element:
    """Render a parameter."""
    value = literal(parameter.value)
    labelled = [(literal(one), label) for one, label in parameter.choices if str(one) != label]
    attributes = {
        "caption": parameter.caption,
        "datatype": parameter.datatype,
        "default-format": parameter.format or None,
        "name": parameter_reference(parameter.caption).partition(".")[2],
        "param-domain-type": _domain(parameter),
        "role": "measure",
        "type": "nominal" if parameter.datatype in ("string", "boolean") else "quantitative",
        "value": value,
    }
    aliases = [element("alias", {"key": key, "value": label}) for key, label in labelled]
    calculation = element("calculation", {"class": "tableau", "formula": value})
    return element(
        "column", attributes, calculation, element("aliases", None, *aliases) if aliases else None, _values(parameter)
    )


def literal(value: str | int | float) -> str:
    """Write a value as parameters do: text in double quotes, with a backslash before what means more than itself."""
    if isinstance(value, str):
        return '"' + re.sub(r'([\\"%])', r"\\\1", value) + '"'
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _domain(parameter: Parameter) -> str:
    if parameter.choices:
        return "list"
    return "any" if parameter.low is None else "range"


def _values(parameter: Parameter) -> "Element | None":
    if parameter.choices:
        members = [
            element("member", {"alias": label if str(value) != label else None, "value": literal(value)})
            for value, label in parameter.choices
        ]
        return element("members", None, *members)
    if parameter.low is None:
        return None
    return element("range", {"granularity": parameter.step, "max": parameter.high, "min": parameter.low})
