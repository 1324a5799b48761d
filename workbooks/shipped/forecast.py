"""What comes next: the forecast with its range, the year to come, and how wrong each model has been; unusual use."""

from workbooks.model import Dashboard, Line, Overlay, Sheet
from workbooks.palettes import BLUE, GREY, SKY, VERMILION, Palette
from workbooks.pills import axis, between, day, exactly, highest, mean, month, only, only_one, total, where
from workbooks.shipped.data_sources import ANOMALIES, FORECAST, SCORES
from workbooks.shipped.sheets import CHOSEN, DELIVERED, choices
from workbooks.zones import across, down, legend, sheet, text

BY_DAY = (*CHOSEN, only("Grain", "day"), where("Used, or Still to Come"))
TIMES = Palette(members=(("used", BLUE), ("expected", SKY)))
CHOSEN_MODEL = Palette(members=((True, BLUE), (False, GREY)))
RANGE = (
    "{Start}: {Forecast (kWh)} kWh expected, {Forecast Low (kWh)} to {Forecast High (kWh)}\n"
    "Model: {Forecast Model}; mean past error {Past Error Share}"
)
KINDS = Palette(members=(("high use", VERMILION), ("low use", BLUE), ("meter fault", GREY)))

TO_COME = Sheet(
    "Days to come",
    FORECAST,
    columns=(day("Start"),),
    rows=(axis(total("Forecast Low (kWh)"), "Energy (kWh)"),),
    mark="GanttBar",
    size="Range (kWh)",
    palette=Palette((SKY,)),
    tooltip=(total("Forecast (kWh)"), total("Forecast High (kWh)"), only_one("Forecast Model"), "Past Error Share"),
    filters=(*BY_DAY, between(exactly("Days Ahead"), -59, 60)),
    overlay=Overlay("Used or Expected (kWh)", "Line", BLUE),
    title="Used, then expected; 80 of 100 days will lie in the light bars (kWh), {Chosen Meter}",
    says=RANGE,
)
MONTHS = Sheet(
    "Months to come",
    FORECAST,
    columns=(month("Start", discrete=True),),
    rows=(axis("Used or Expected (kWh)", "Energy (kWh)"),),
    mark="Bar",
    color="Time",
    palette=TIMES,
    tooltip=("Past Error Share",),
    filters=(*BY_DAY, between(exactly("Days Ahead"), -364, 365)),
    title="A year back and a year ahead, by month (kWh)",
    says="{Start}: {Used or Expected (kWh)} kWh {Time}\nMean past error of a day: {Past Error Share}",
)
ERRORS = Sheet(
    "Past errors",
    SCORES,
    rows=("Forecast Model",),
    columns=(mean("MASE"),),
    mark="Bar",
    color="Chosen",
    palette=CHOSEN_MODEL,
    label=mean("MASE"),
    tooltip=(mean("RMSE / Mean"), mean("Interval Coverage"), total("Tests")),
    filters=(*CHOSEN, only("Grain", "day")),
    sort=("Forecast Model", mean("MASE")),
    lines=(Line(mean("MASE"), "constant", "as good as repeating last week", constant=1),),
    title="How wrong each model has been: 1 is repeating last week, blue is in use",
    says="{Forecast Model}: {MASE} of the error of last week again\n{Tests} tests; {Interval Coverage} in the range",
)
UNUSUAL = Sheet(
    "Unusual use",
    ANOMALIES,
    columns=(exactly("Start"),),
    rows=("Meter",),
    mark="Circle",
    size="Size of the Difference",
    color="Kind",
    palette=KINDS,
    detail=("Detail",),
    tooltip=("Size of the Difference (kWh)",),
    filters=(DELIVERED, where("In Chosen Site")),
    title="Unusual use, by meter: the larger the point, the further from what was expected",
    says="{Meter}, {Start}: {Kind}\n{Detail}\n{Size of the Difference (kWh)} kWh from what was expected",
)
EXPLAINED = Sheet(
    "Unusual use explained",
    ANOMALIES,
    rows=(exactly("Date", discrete=True), "Meter", "Cause", "Detail"),
    mark="Text",
    label=total("Over Expected (kWh)"),
    filters=CHOSEN,
    sort=(exactly("Date", discrete=True), highest("Date")),
    title="What was unusual: energy over what was expected (kWh), {Chosen Meter}",
)

NEXT = Dashboard(
    "What comes next",
    down(
        text("What comes next", 36, 16),
        choices("Chosen Meter", "Chosen Site"),
        sheet(TO_COME),
        across(down(sheet(MONTHS), legend(MONTHS, pixels=48), share=1.3), sheet(ERRORS)),
        text("Ranges of several meters are added up, which makes them too wide: choose one meter to read them.", 28),
    ),
)
UNUSUAL_PAGE = Dashboard(
    "Unusual",
    down(
        text("Unusual use", 36, 16),
        choices("Chosen Meter", "Chosen Site"),
        across(sheet(UNUSUAL), legend(UNUSUAL, pixels=110)),
        sheet(EXPLAINED),
        text("Cause is meter where validation found a fault at the time, else behaviour.", 28),
    ),
)
