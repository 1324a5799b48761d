"""Calendar: days that were unlike others of their kind."""

from workbooks.model import Dashboard, Pill, Sheet
from workbooks.palettes import UNUSUAL
from workbooks.pills import axis, exactly, only_one, table, total, week, where
from workbooks.shipped.data_sources import DAILY
from workbooks.shipped.sheets import IN_PERIOD, SURE_OF_DAYS, choices
from workbooks.zones import across, down, legend, sheet, text

AGAINST_TYPICAL = (
    "{Date}: {Difference from Typical}\n{Daily Energy (kWh)} kWh, typical is {Typical Same Weekday (kWh)} kWh\n"
    "{Measured Share} of the intervals were measured"
)

CALENDAR = Sheet(
    "Calendar",
    DAILY,
    columns=(week("Date"),),
    rows=(Pill("Date", "Weekday"),),
    mark="GanttBar",
    size="One Week",
    color="Difference from Typical",
    palette=UNUSUAL,
    label="Holiday Mark",
    tooltip=(only_one("Date"), total("Daily Energy (kWh)"), total("Typical Same Weekday (kWh)"), "Measured Share"),
    filters=IN_PERIOD,
    title="Energy against what is typical for the weekday, {Chosen Meter}; a dot is a public holiday",
    says=AGAINST_TYPICAL,
)
UNLIKE = Sheet(
    "Unlike others",
    DAILY,
    rows=(exactly("Date", discrete=True),),
    columns=(axis("Difference from Typical", ticks="p+0%;-0%"),),
    mark="Bar",
    color="Difference from Typical",
    palette=UNUSUAL,
    label="Difference from Typical",
    tooltip=(total("Daily Energy (kWh)"), total("Typical Same Weekday (kWh)"), "Measured Share"),
    filters=(*IN_PERIOD, where(table("Among Fifteen Most Unlike", "Date"))),
    title="The fifteen days that differ most",
    says=AGAINST_TYPICAL,
)

CALENDAR_PAGE = Dashboard(
    "Days",
    down(
        text("Days unlike others", 36, 16),
        choices("Chosen Meter", "Chosen Site", "Period"),
        across(sheet(CALENDAR), legend(CALENDAR, pixels=150), pixels=290),
        sheet(UNLIKE),
        sheet(SURE_OF_DAYS, pixels=40),
    ),
)
