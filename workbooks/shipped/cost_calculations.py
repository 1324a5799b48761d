"""Calculated fields of the extract of costs: money of one currency at a time, and carbon by two factors."""

from workbooks.model import Calculation
from workbooks.shipped.calculations import DAYS_AGO, IN_CHOICE, IN_PERIOD, IN_SITE, LAST_DAY
from workbooks.shipped.folders import QUALITY

MONEY = "Cost"
CARBON = "Carbon"

COST_CALCULATIONS = (
    IN_SITE,
    IN_CHOICE,
    LAST_DAY,
    DAYS_AGO,
    IN_PERIOD,
    Calculation(
        "Total Cost",
        "IF MIN([Currency]) = MAX([Currency]) THEN SUM([Cost]) END",
        description="Cost in the one currency of what is shown; null where there are several, for they do not add up.",
        folder=MONEY,
        format="n#,##0",
    ),
    Calculation(
        "Currency in Words",
        """IF ISNULL(MIN([Currency])) THEN "(no price is known)"
        ELSEIF MIN([Currency]) = MAX([Currency]) THEN MIN([Currency])
        ELSE "several currencies: choose a site or meter" END""",
        "string",
        "The currency of what is shown, or why there is no sum.",
        MONEY,
    ),
    Calculation(
        "Average Price (per kWh)",
        """IF MIN([Currency]) = MAX([Currency]) THEN SUM(IF [Channel] = "delivered" THEN [Cost] END)
        / SUM(IF [Channel] = "delivered" AND NOT ISNULL([Cost]) THEN [Energy (kWh)] END) END""",
        description="Cost of energy used, standing charges included, for each kWh that has a price.",
        folder=MONEY,
        format="n0.000",
    ),
    Calculation(
        "Cost a Day",
        "[Total Cost] / COUNTD([Date])",
        description="Cost of a mean day.",
        folder=MONEY,
        format="n#,##0",
    ),
    Calculation(
        "Priced Share",
        "SUM(IF NOT ISNULL([Cost]) THEN [Energy (kWh)] END) / SUM([Energy (kWh)])",
        description="Share of the energy that has a price.",
        folder=QUALITY,
        format="p0.0%",
    ),
    Calculation(
        "Estimated Share of Energy",
        "ZN(SUM([Estimated Share] * [Energy (kWh)])) / SUM([Energy (kWh)])",
        description="Share of the energy that was estimated.",
        folder=QUALITY,
        format="p0.00%",
    ),
    Calculation(
        "Hourly Share of Energy",
        "ZN(SUM([Share with Hourly Factor] * [Energy (kWh)])) / SUM([Energy (kWh)])",
        description="Share of the energy that has a factor of its hour.",
        folder=QUALITY,
        format="p0.0%",
    ),
    Calculation(
        "Carbon if Spread Evenly (kg)",
        "SUM([Carbon by Average Factor (kg)] * [Share with Hourly Factor])",
        description="Carbon by the average factor, of the energy that has one of its hour: what timing is set against.",
        folder=CARBON,
        format="n#,##0",
    ),
    Calculation(
        "Effect of Timing (kg)",
        "SUM([Carbon by Hourly Factor (kg)]) - [Carbon if Spread Evenly (kg)]",
        description="By the factor of each hour, less by the average one: timing, and what their sources differ in.",
        folder=CARBON,
        format="n+#,##0;-#,##0",
    ),
    Calculation(
        "Effect of Timing",
        "[Effect of Timing (kg)] / [Carbon if Spread Evenly (kg)]",
        description="The same as a share.",
        folder=CARBON,
        format="p+0.0%;-0.0%",
    ),
    Calculation(
        "Timing in Words",
        """IF ISNULL([Effect of Timing]) THEN "no factors of each hour, or no average"
        ELSEIF [Effect of Timing] < 0 THEN "less than if spread evenly: used when the grid is cleaner"
        ELSE "more than if spread evenly: used when the grid is dirtier" END""",
        "string",
        "What the time of use does to carbon.",
        CARBON,
    ),
    Calculation(
        "Carbon per kWh (kg)",
        """SUM([Carbon by Average Factor (kg)])
        / SUM(IF NOT ISNULL([Carbon by Average Factor (kg)]) THEN [Energy (kWh)] END)""",
        description="By the average factor.",
        folder=CARBON,
        format="n0.000",
    ),
    Calculation(
        "Carbon per kWh by Hour (kg)",
        "SUM([Carbon by Hourly Factor (kg)]) / SUM([Share with Hourly Factor] * [Energy (kWh)])",
        description="By the factor of each hour, of the energy that has one.",
        folder=CARBON,
        format="n0.000",
    ),
)
