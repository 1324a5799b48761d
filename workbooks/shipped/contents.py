"""The shipped workbooks: their table of contents."""

from workbooks.facts import Facts
from workbooks.model import DataSource, Story, Workbook
from workbooks.shipped.calendar import CALENDAR_PAGE
from workbooks.shipped.carbon import CARBON
from workbooks.shipped.comparison import COMPARISON
from workbooks.shipped.cost import COST
from workbooks.shipped.data_quality import FOUND, HOW_SURE
from workbooks.shipped.data_sources import ANOMALIES, COSTS, FINDINGS, METERS, READINGS, SCORES
from workbooks.shipped.forecast import NEXT, UNUSUAL_PAGE
from workbooks.shipped.live import ALERTS, LIVE, LIVE_FORECAST, LIVE_PAGE
from workbooks.shipped.load_profile import LOAD_PROFILE
from workbooks.shipped.overview import OVERVIEW, PHONE
from workbooks.shipped.parameters import parameters
from workbooks.shipped.peak_demand import PEAK_DEMAND
from workbooks.shipped.policy import SANDBOX
from workbooks.shipped.policy_calculations import SLIDERS
from workbooks.shipped.sites import SITES

SOURCES: tuple[DataSource, ...] = (READINGS, LIVE, FINDINGS, METERS, COSTS, LIVE_FORECAST, ANOMALIES, SCORES)

STORY = Story(
    "Plugging into the future",
    (
        ("How much we use, and whether it is less than before", OVERVIEW),
        ("When we use it: nights and weekends count too", LOAD_PROFILE),
        ("The few hours that decide how much the grid must hold ready", PEAK_DEMAND),
        ("Days unlike others: what happened there?", CALENDAR_PAGE),
        ("Who stands out, and who never sleeps", COMPARISON),
        ("Where it is used, and who needs most for its size", SITES),
        ("What it costs, and in which hours", COST),
        ("What it emits, and what the time of use does to it", CARBON),
        ("What comes next, and how far to trust it", NEXT),
        ("What if we saved, and shifted?", SANDBOX),
        ("How much of all this was measured", HOW_SURE),
    ),
)


def workbooks(facts: Facts) -> tuple[Workbook, ...]:
    """Give every shipped workbook, for the meters and sites that are there."""
    given = parameters(facts)
    return (
        Workbook(
            "energy",
            (
                *(OVERVIEW, LOAD_PROFILE, PEAK_DEMAND, CALENDAR_PAGE, COMPARISON, SITES, COST, CARBON),
                *(NEXT, UNUSUAL_PAGE, SANDBOX, HOW_SURE, PHONE),
            ),
            (STORY,),
            (*given, *SLIDERS),
        ),
        Workbook("data_quality", (HOW_SURE, FOUND), (), given),
        Workbook("live", (LIVE_PAGE,), (), (*given, ALERTS)),
    )
