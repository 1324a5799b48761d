"""Load profile: every hour of every day, and the shape of weekdays and weekends."""

from workbooks.model import Dashboard, Pill, Sheet
from workbooks.palettes import SEQUENTIAL
from workbooks.pills import day, exactly
from workbooks.shipped.data_sources import READINGS
from workbooks.shipped.sheets import BY_HOUR, DAY_TYPES, DEMAND, SURE_OF_READINGS, choices
from workbooks.zones import across, down, legend, sheet, text

CARPET = Sheet(
    "Every hour",
    READINGS,
    columns=(day("Interval Start"),),
    rows=("Hour of Day",),
    mark="GanttBar",
    size="One Day",
    color=DEMAND,
    palette=SEQUENTIAL,
    tooltip=("Measured Share",),
    filters=BY_HOUR,
    title="Demand in every hour of every day (kW), {Chosen Meter}",
    says="{Interval Start}, {Hour of Day}:00\n{Mean Demand (kW)} kW\n{Measured Share} was measured",
)
SHAPE = Sheet(
    "Shape of the day",
    READINGS,
    columns=(exactly("Hour of Day"),),
    rows=(DEMAND,),
    mark="Line",
    color="Day Type",
    palette=DAY_TYPES,
    tooltip=("Measured Share",),
    filters=BY_HOUR,
    title="Mean demand by hour, weekdays and weekends (kW)",
    says="{Day Type}, {Hour of Day}:00\n{Mean Demand (kW)} kW\n{Measured Share} was measured",
)
WEEK = Sheet(
    "Hours of the week",
    READINGS,
    columns=("Hour of Day",),
    rows=(Pill("Interval Start", "Weekday"),),
    mark="Square",
    color=DEMAND,
    palette=SEQUENTIAL,
    tooltip=("Measured Share",),
    filters=BY_HOUR,
    title="Mean demand by hour and weekday (kW)",
    says="{Interval Start}, {Hour of Day}:00\n{Mean Demand (kW)} kW\n{Measured Share} was measured",
)

LOAD_PROFILE = Dashboard(
    "Load profile",
    down(
        text("When energy is used", 36, 16),
        choices("Chosen Meter", "Chosen Site", "Period"),
        across(sheet(CARPET, share=5), legend(CARPET, pixels=150)),
        across(down(sheet(SHAPE), legend(SHAPE, pixels=48)), down(sheet(WEEK), legend(WEEK, pixels=60))),
        sheet(SURE_OF_READINGS, pixels=40),
    ),
)
