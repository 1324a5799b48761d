"""Data quality: what was measured, what was estimated, what the rules found."""

from workbooks.model import Action, Dashboard, Sheet
from workbooks.palettes import BLUE, COVERED, VERMILION, Palette
from workbooks.pills import axis, between, month, only_one, total, where
from workbooks.pills import exactly as at
from workbooks.shipped.data_sources import DAILY, FINDINGS
from workbooks.shipped.sheets import DELIVERED, ONE_COLOR, SEVERITY, choices
from workbooks.zones import across, down, legend, sheet, text

CHANGES = Palette(members=(("less than read", VERMILION), ("more than read", BLUE)))
LEAST_CHANGE = 0.5
"""Less is rounding (chosen); and nothing has no place on an axis of powers of ten. [kWh]"""
OF_SITE = (DELIVERED, where("In Chosen Site"), where("In Period"))

COVERAGE = Sheet(
    "Coverage",
    DAILY,
    columns=(month("Date", discrete=True),),
    rows=("Meter",),
    mark="Square",
    color="Measured Share",
    palette=COVERED,
    tooltip=("Estimated Share of Energy", total("Daily Energy (kWh)")),
    filters=OF_SITE,
    title="Share of the intervals that were measured, by meter and month",
    says="{Meter} {Date}\n{Measured Share} measured; {Estimated Share of Energy} of {Daily Energy (kWh)} kWh estimated",
)
WORST = Sheet(
    "Most estimated",
    DAILY,
    rows=("Meter",),
    columns=("Estimated Share of Energy",),
    mark="Bar",
    palette=ONE_COLOR,
    label="Estimated Share of Energy",
    tooltip=("Measured Share",),
    filters=OF_SITE,
    sort=("Meter", "Estimated Share of Energy"),
    title="Share of the energy that is estimated, by meter",
    says="{Meter}: {Estimated Share of Energy} is estimated\n{Measured Share} of the intervals were measured",
)
CHANGED = Sheet(
    "Changed",
    DAILY,
    rows=("Meter",),
    columns=(axis("Changed by Validation (kWh)", "kWh, each step ten times the one before", scale="log"),),
    mark="Circle",
    color="Change by Validation",
    palette=CHANGES,
    label="Changed by Validation (kWh)",
    tooltip=(total("Daily Energy (kWh)"), total("Daily Energy as Read (kWh)")),
    filters=(*OF_SITE, between("Changed by Validation (kWh)", least=LEAST_CHANGE)),
    sort=("Meter", "Changed by Validation (kWh)"),
    title="Energy that validation changed, by meter (kWh)",
    says="{Meter}: {Changed by Validation (kWh)} kWh\n{Daily Energy as Read (kWh)} read, {Daily Energy (kWh)} now",
)
RULES = Sheet(
    "Rules",
    FINDINGS,
    rows=("Rule", "Rule Name"),
    columns=("Number of Findings",),
    mark="Bar",
    color="Severity",
    palette=SEVERITY,
    label="Number of Findings",
    title="Findings by rule: click one to see where",
    says="{Rule} {Rule Name}, {Severity}\nfindings: {Number of Findings}",
)
TIMELINE = Sheet(
    "Timeline",
    FINDINGS,
    columns=(at("First Interval (UTC)"),),
    rows=("Where",),
    mark="GanttBar",
    size="Duration (days)",
    color="Severity",
    palette=SEVERITY,
    detail=("Rule Name", "Detail"),
    title="When, by meter (UTC)",
    says="{Where}, {First Interval (UTC)}\n{Rule Name}: {Detail}",
)
LIST = Sheet(
    "List",
    FINDINGS,
    rows=("Where", "Rule Name", "Detail"),
    mark="Text",
    label=total("Intervals"),
    tooltip=(only_one("File"), only_one("First Interval (UTC)")),
    title="What was seen and done, with the number of intervals",
)

HOW_SURE = Dashboard(
    "How sure we are",
    down(
        text("How much of this was measured", 36, 16),
        choices("Chosen Site", "Period"),
        across(sheet(COVERAGE), legend(COVERAGE, pixels=150)),
        across(sheet(WORST), down(sheet(CHANGED), legend(CHANGED, pixels=48))),
    ),
)
FOUND = Dashboard(
    "What validation found",
    down(
        text("What validation found", 36, 16),
        across(sheet(RULES), sheet(TIMELINE, share=1.4), legend(RULES, pixels=120)),
        sheet(LIST),
        text("Originals are kept: every changed value still has what was read, the rule and the method.", 28),
    ),
    actions=(
        Action("filter", "Show where a rule found something", RULES, "Rule", targets=(TIMELINE, LIST)),
        Action("highlight", "Point out a meter with findings", TIMELINE, "Where"),
    ),
)
