"""Peak demand: how high, how long, when."""

from workbooks.model import Dashboard, Line, Sheet
from workbooks.palettes import SEQUENTIAL
from workbooks.pills import between, exactly, month, month_part, only_one, table, where
from workbooks.shipped.data_sources import DAILY, READINGS
from workbooks.shipped.sheets import BY_HOUR, DEMAND, IN_PERIOD, ONE_COLOR, PEAK, SURE_OF_DAYS, choices
from workbooks.zones import across, down, legend, sheet, text

DURATION = Sheet(
    "Load duration",
    READINGS,
    columns=(table("Share of Time", "Hour (UTC)"),),
    rows=(DEMAND,),
    mark="Circle",
    mark_size=0.3,
    detail=("Hour (UTC)",),
    palette=ONE_COLOR,
    filters=BY_HOUR,
    title="Load duration: share of hours with a higher demand than this (kW)",
    says="{Mean Demand (kW)} kW\n{Share of Time} of the hours were higher",
)
MONTHLY = Sheet(
    "Peak by month",
    DAILY,
    columns=(month("Date", discrete=True),),
    rows=(PEAK,),
    mark="Bar",
    palette=ONE_COLOR,
    tooltip=("Measured Share",),
    filters=IN_PERIOD,
    lines=(Line(PEAK, "max", "highest {value} kW"),),
    title="Highest demand of a meter by month (kW)",
    says="{Date}: {Peak Demand (kW)} kW\n{Measured Share} of the intervals were measured",
)
WHEN = Sheet(
    "When peaks happen",
    DAILY,
    columns=(month_part("Date"),),
    rows=("Peak Hour",),
    mark="Square",
    color=PEAK,
    palette=SEQUENTIAL,
    filters=(*IN_PERIOD, between(exactly("Peak Hour"), 0, 23)),
    title="In which hour and month days had their peak (kW)",
    says="{Date}, from {Peak Hour}:00\n{Peak Demand (kW)} kW at most",
)
HIGHEST = Sheet(
    "Highest days",
    DAILY,
    rows=(exactly("Date", discrete=True), "Meter"),
    columns=(PEAK,),
    mark="Bar",
    palette=ONE_COLOR,
    label=PEAK,
    tooltip=(only_one("Peak Time"),),
    filters=(*IN_PERIOD, where(table("Among Ten Highest", "Date", "Meter"))),
    sort=(exactly("Date", discrete=True), PEAK),
    title="The ten highest peaks of a day, and whose (kW)",
    says="{Date}: {Peak Demand (kW)} kW\n{Meter}, from {Peak Time}",
)

PEAK_DEMAND = Dashboard(
    "Peak demand",
    down(
        text("When most is asked for", 36, 16),
        choices("Chosen Meter", "Chosen Site", "Period"),
        across(sheet(DURATION, share=1.4), sheet(MONTHLY)),
        across(sheet(WHEN, share=1.2), legend(WHEN, pixels=150), sheet(HIGHEST)),
        text("Peaks are of plain readings only: never of an estimated or edited value.", 28),
        sheet(SURE_OF_DAYS, pixels=40),
    ),
)
