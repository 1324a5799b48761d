"""Sites: where energy is used, and how much for the size of the building. Of the extract of meters alone.

Energy of a year stands beside coordinates and areas in `meters.hyper`, so that a map needs one data source: joins of
two extracts are what Tableau breaks most easily, and areas beside days would be added up once a day.
"""

from workbooks.model import Action, Dashboard, Line, Sheet
from workbooks.palettes import BLACK, Palette
from workbooks.pills import table, total, where
from workbooks.shipped.data_sources import METERS
from workbooks.shipped.sheets import DELIVERED, QUARTILES, SURE, choices
from workbooks.zones import across, down, legend, sheet, text

QUARTERS = Palette(members=(*QUARTILES.members, ("not comparable", BLACK)))
OF_SITE = (DELIVERED, where("In Chosen Site"))

MAP = Sheet(
    "Map",
    METERS,
    columns=("Longitude",),
    rows=("Latitude",),
    mark="Circle",
    color=table("Quarter by Area", "Meter"),
    size=total("Energy of the Last Year (kWh)"),
    label="Meter",
    palette=QUARTERS,
    tooltip=("Site", "Name", "Use", "Energy per Area (kWh/m²)", "Measured Share"),
    filters=OF_SITE,
    title="Where energy is used: size is the energy of a year (kWh), colour the quarter by kWh/m²",
    says="{Meter}, {Site}\n{Energy of the Last Year (kWh)} kWh, {Energy per Area (kWh/m²)} kWh/m²",
    needs=("Latitude", "Longitude"),
)
BY_AREA = Sheet(
    "Energy per area",
    METERS,
    rows=("Meter",),
    columns=("Energy per Area (kWh/m²)",),
    mark="Bar",
    color=table("Quarter by Area", "Meter"),
    palette=QUARTERS,
    label="Energy per Area (kWh/m²)",
    tooltip=("Use", total("Floor Area (m²)"), total("Days with Energy (d)"), "Measured Share"),
    filters=(*OF_SITE, where("Can Be Compared")),
    sort=("Meter", "Energy per Area (kWh/m²)"),
    lines=(Line("Energy per Area (kWh/m²)", "median", "median {value}"),),
    title="Energy of a year by floor area (kWh/m²)",
    says="{Meter}, {Use}: {Energy per Area (kWh/m²)} kWh/m²\n{Floor Area (m²)} m², {Measured Share} measured",
    needs=("Floor Area (m²)",),
)
SURE_OF_YEAR = Sheet(
    "How sure: year",
    METERS,
    label="Measured Share",
    detail=("Estimated Share of Energy",),
    mark="Text",
    filters=OF_SITE,
    text=SURE,
)

SITES = Dashboard(
    "Sites and areas",
    down(
        text("Where it is used, and who needs most for its size", 36, 16),
        choices("Chosen Site"),
        across(down(sheet(MAP), legend(MAP, pixels=64)), sheet(BY_AREA)),
        text("Each meter's own last 365 days; compared are meters with a floor area and 330 of these days.", 28),
        sheet(SURE_OF_YEAR, pixels=40),
    ),
    actions=(
        Action("highlight", "Point out a meter of the map", MAP, "Meter"),
        Action("highlight", "Point out a meter by its area", BY_AREA, "Meter"),
    ),
)
