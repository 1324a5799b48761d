"""What several sheets share: the reader's choice, colours of members, the line that says how sure we are."""

from workbooks.model import Pill, Sheet, Zone
from workbooks.palettes import BLUE, GREEN, GREY, ORANGE, SKY, VERMILION, Palette
from workbooks.pills import between, exactly, highest, only, where
from workbooks.shipped.data_sources import DAILY, READINGS
from workbooks.zones import across, control, text

DELIVERED = only("Channel", "delivered")
CHOSEN = (DELIVERED, where("In Choice"))
IN_PERIOD = (*CHOSEN, where("In Period"))
BY_HOUR = (*IN_PERIOD, between(exactly("Interval Length (min)"), most=60))
"""Readings of an hour or less: a day's total has no hour."""

ONE_COLOR = Palette((BLUE,))
DEMAND = Pill("Mean Demand (kW)", format="n#,##0.0")
PEAK = highest("Peak Demand (kW)", format="n#,##0.0")
"""With a decimal on marks, for meters may be small; axes have decimals where they need them."""

TRUST = Palette(members=(("as measured", BLUE), ("partly estimated", ORANGE)))
SEVERITY = Palette(members=(("info", SKY), ("issue", ORANGE), ("terminate", VERMILION)))
QUARTILES = Palette(members=(("highest quarter", VERMILION), ("middle half", GREY), ("lowest quarter", BLUE)))
DAY_TYPES = Palette(members=(("Weekday", BLUE), ("Weekend", GREEN)))

SURE = (
    "\n{Measured Share} of the intervals shown were measured, {Estimated Share of Energy} of the energy is estimated."
)

SURE_OF_DAYS = Sheet(
    "How sure: days",
    DAILY,
    label="Measured Share",
    detail=("Estimated Share of Energy",),
    mark="Text",
    filters=IN_PERIOD,
    text=SURE,
)
SURE_OF_READINGS = Sheet(
    "How sure: intervals",
    READINGS,
    label="Measured Share",
    detail=("Estimated Share of Energy",),
    mark="Text",
    filters=BY_HOUR,
    text=SURE,
)


def choices(*parameters: str) -> Zone:
    """Give the row of controls of a page, and what to think of an empty one: a sheet without data cannot say it."""
    hint = text("Nothing shown? Then there is no data for this choice.", pixels=0)
    return across(*map(control, parameters), hint, pixels=54)
