"""Cost by tariff: what is paid, for which band, on which days, and by whom. A sum is never of two currencies."""

from workbooks.model import Action, Dashboard, Pill, Sheet
from workbooks.pills import axis, month, total, where
from workbooks.shipped.data_sources import COSTS
from workbooks.shipped.parameters import ALL_METERS
from workbooks.shipped.sheets import ONE_COLOR, choices
from workbooks.zones import across, down, legend, sheet, text

OF_SITE = (where("In Chosen Site"), where("In Period"))
SHOWN = (where("In Choice"), where("In Period"))
"""All channels: what is fed in is paid for, and comes off the bill."""

NEEDS = ("Cost",)
MONEY = ("Currency in Words", "Average Price (per kWh)", "Estimated Share of Energy")
SAYS = "{Total Cost} {Currency in Words}, {Average Price (per kWh)} a kWh\n{Estimated Share of Energy} is estimated"

BILL = Sheet(
    "Cost of the period",
    COSTS,
    label="Total Cost",
    detail=("Currency in Words",),
    mark="Text",
    filters=SHOWN,
    text="{Total Cost} {Currency in Words}\nof energy used, less what is fed in",
    needs=NEEDS,
)
PRICE = Sheet(
    "Average price",
    COSTS,
    label="Average Price (per kWh)",
    detail=("Currency in Words",),
    mark="Text",
    filters=SHOWN,
    text="{Average Price (per kWh)} {Currency in Words}\na kWh used, standing charges included",
    needs=NEEDS,
)
PRICED = Sheet(
    "Priced",
    COSTS,
    label="Priced Share",
    mark="Text",
    filters=SHOWN,
    text="{Priced Share}\nof the energy has a price",
    needs=NEEDS,
)
BY_MONTH = Sheet(
    "Cost by month",
    COSTS,
    columns=(month("Date", discrete=True),),
    rows=(axis("Total Cost", "Cost"),),
    mark="Bar",
    color="Band",
    tooltip=(total("Energy (kWh)"), *MONEY),
    filters=SHOWN,
    title="Cost by month and band, {Chosen Meter}",
    says="{Date}, {Band}: {Energy (kWh)} kWh\n" + SAYS,
    needs=NEEDS,
)
BY_METER = Sheet(
    "Cost by meter",
    COSTS,
    rows=("Meter",),
    columns=(axis("Total Cost", ""),),
    mark="Bar",
    palette=ONE_COLOR,
    label="Total Cost",
    tooltip=("Site", *MONEY),
    filters=OF_SITE,
    sort=("Meter", "Total Cost"),
    title="Cost by meter: click one to choose it",
    says="{Meter}, {Site}\n" + SAYS,
    needs=NEEDS,
)
BY_BAND = Sheet(
    "Cost by band",
    COSTS,
    rows=("Tariff", "Band"),
    columns=(axis("Total Cost", ""),),
    mark="Bar",
    palette=ONE_COLOR,
    label="Total Cost",
    tooltip=(total("Energy (kWh)"), *MONEY),
    filters=SHOWN,
    sort=("Band", "Total Cost"),
    title="Cost by tariff and band",
    says="{Band} of {Tariff}: {Energy (kWh)} kWh\n" + SAYS,
    needs=NEEDS,
)
BY_WEEKDAY = Sheet(
    "Cost by weekday",
    COSTS,
    columns=(Pill("Date", "Weekday"),),
    rows=(axis("Cost a Day", "Cost"),),
    mark="Bar",
    color="Band",
    tooltip=MONEY,
    filters=SHOWN,
    title="Cost of a mean day, by day of the week",
    says="{Date}, {Band}: {Cost a Day} {Currency in Words} a day\n{Estimated Share of Energy} is estimated",
    needs=NEEDS,
)
SURE_OF_COSTS = Sheet(
    "How sure: costs",
    COSTS,
    label="Priced Share",
    detail=("Estimated Share of Energy",),
    mark="Text",
    filters=SHOWN,
    text="\n{Priced Share} of the energy shown has a price, {Estimated Share of Energy} of it is estimated.",
    needs=NEEDS,
)

COST = Dashboard(
    "Cost by tariff",
    down(
        text("What it costs", 36, 16),
        choices("Chosen Meter", "Chosen Site", "Period"),
        across(*map(sheet, (BILL, PRICE, PRICED)), pixels=96),
        across(sheet(BY_MONTH, share=1.6), legend(BY_MONTH, pixels=130), sheet(BY_METER)),
        across(sheet(BY_BAND, share=1.2), sheet(BY_WEEKDAY)),
        sheet(SURE_OF_COSTS, pixels=40),
    ),
    actions=(
        Action(
            "parameter", "Choose a meter by its cost", BY_METER, "Meter", parameter="Chosen Meter", cleared=ALL_METERS
        ),
        Action("highlight", "Point out a band", BY_BAND, "Band"),
    ),
)
