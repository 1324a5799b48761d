"""Calculated fields of the extracts of forecasts and of unusual use."""

from workbooks.model import Calculation
from workbooks.shipped.calculations import IN_CHOICE, IN_SITE
from workbooks.shipped.folders import ENERGY_AND_DEMAND, QUALITY

FORECAST_CALCULATIONS = (
    IN_SITE,
    IN_CHOICE,
    Calculation(
        "Known To",
        "{FIXED [Grain] : MAX(IF NOT [Future] THEN [Start] END)}",
        "datetime",
        "The newest reading of any meter.",
        "When",
    ),
    Calculation(
        "Days Ahead",
        "DATEDIFF('day', [Known To], [Start])",
        "integer",
        "Days from the newest reading of any meter; zero and below: the past.",
        "When",
        dimension=True,
    ),
    Calculation(
        "Used, or Still to Come",
        "NOT [Future] OR [Start] > [Known To]",
        "boolean",
        "False for what was expected of a meter that ended earlier, at a time that the others have been read for.",
        "When",
        dimension=True,
    ),
    Calculation(
        "Used or Expected (kWh)",
        "SUM(IF [Future] THEN [Forecast (kWh)] ELSE [Energy (kWh)] END)",
        description="What was used, and from the beginning of the forecast what is expected.",
        folder=ENERGY_AND_DEMAND,
        format="n#,##0",
    ),
    Calculation(
        "Range (kWh)",
        "SUM([Forecast High (kWh)]) - SUM([Forecast Low (kWh)])",
        description="Width of the range that holds 80 of 100 values; of several meters it is too wide.",
        folder=ENERGY_AND_DEMAND,
        format="n#,##0",
    ),
    Calculation(
        "Past Error Share",
        "SUM([Past Error (kWh)]) / SUM([Forecast (kWh)])",
        description="Mean absolute error of the past as a share of what is expected.",
        folder=QUALITY,
        format="p0.0%",
    ),
    Calculation(
        "Time",
        'IF [Future] THEN "expected" ELSE "used" END',
        "string",
        "Whether it was read or is to come.",
        "When",
    ),
)

ANOMALIES_CALCULATIONS = (
    IN_SITE,
    IN_CHOICE,
    Calculation(
        "Size of the Difference (kWh)",
        "SUM(ABS([Over Expected (kWh)]))",
        description="How much more or less than expected, whichever it was.",
        folder=ENERGY_AND_DEMAND,
        format="n#,##0",
    ),
    Calculation(
        "Size of the Difference",
        """IF SUM(ABS([Over Expected (kWh)])) < SUM([Expected Energy (kWh)])
        THEN SUM(ABS([Over Expected (kWh)])) / SUM([Expected Energy (kWh)]) ELSE 1 END""",
        description="The difference as a share of what was expected, at most 100 %: one fault would hide the rest.",
        folder=ENERGY_AND_DEMAND,
        format="p0%",
    ),
    Calculation(
        "Kind",
        'IF [Cause] = "meter" THEN "meter fault" ELSE [Direction] + " use" END',
        "string",
        "high use or low use; meter fault where validation found one at the time.",
        QUALITY,
    ),
)
