"""What a reader of the shipped workbooks can set."""

from workbooks.elements import is_writable
from workbooks.facts import Facts
from workbooks.model import Parameter

ALL_METERS, ALL_SITES = "All meters", "All sites"
ENERGY, PEAK, BASE = "Energy (kWh)", "Highest peak of a meter (kW)", "Mean base load of a meter (kW)"
WHOLE_HISTORY = 0


def parameters(facts: Facts) -> tuple[Parameter, ...]:
    """Give the parameters, with the meters and sites that are there."""
    return (
        _choice("Chosen Meter", ALL_METERS, facts.meters),
        _choice("Chosen Site", ALL_SITES, facts.sites),
        Parameter(
            "Period",
            "integer",
            365,
            choices=(
                (30, "Last 30 days"),
                (90, "Last 90 days"),
                (365, "Last 365 days"),
                (WHOLE_HISTORY, "Whole history"),
            ),
        ),
        Parameter("Metric", "string", ENERGY, choices=tuple((one, one) for one in (ENERGY, PEAK, BASE))),
    )


def _choice(caption: str, everything: str, names: tuple[str, ...], most: int = 500) -> Parameter:
    """Make a list to choose from; with more names than anybody reads (`most`, chosen) it is typed in instead."""
    offered = [one for one in dict.fromkeys((everything, *names)) if is_writable(one)]
    choices = tuple((one, one) for one in offered) if len(names) <= most else ()
    return Parameter(caption, "string", everything, choices=choices)
