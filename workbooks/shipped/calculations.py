"""Calculated fields of the shipped data sources, with captions as an author reads them.

Captions in brackets are fields, calculations or parameters; a typo fails the build with this file and line.
"""

from workbooks.model import Calculation
from workbooks.shipped.comparisons import COMPARISONS
from workbooks.shipped.folders import CHOICE, ENERGY_AND_DEMAND, QUALITY
from workbooks.shipped.parameters import ALL_METERS, ALL_SITES, BASE, ENERGY, PEAK

IN_SITE = Calculation(
    "In Chosen Site",
    f'[Chosen Site] = "{ALL_SITES}" OR [Site] = [Chosen Site]',
    "boolean",
    "True for meters of the chosen site.",
    CHOICE,
)
IN_CHOICE = Calculation(
    "In Choice",
    f'[In Chosen Site] AND ([Chosen Meter] = "{ALL_METERS}" OR [Meter] = [Chosen Meter])',
    "boolean",
    "True for the chosen meter, or all, of the chosen site.",
    CHOICE,
)
IN_PERIOD = Calculation(
    "In Period",
    "[Period] = 0 OR [Days Ago] < [Period]",
    "boolean",
    "True for the last days of the data, as many as the parameter Period says; 0 is the whole history.",
    CHOICE,
)

LAST_DAY = Calculation("Last Day", "{FIXED : MAX([Date])}", "date", "The last day of the data.", CHOICE)
DAYS_AGO = Calculation(
    "Days Ago",
    "DATEDIFF('day', [Date], [Last Day])",
    "integer",
    "Days before the last day of the data; 0 is that day itself.",
    CHOICE,
    dimension=True,
)

DAILY_CALCULATIONS = (
    IN_SITE,
    IN_CHOICE,
    LAST_DAY,
    DAYS_AGO,
    IN_PERIOD,
    Calculation(
        "In Period Before",
        "[Period] > 0 AND [Days Ago] >= [Period] AND [Days Ago] < 2 * [Period]",
        "boolean",
        "True for as many days again, just before the period.",
        CHOICE,
    ),
    Calculation(
        "Energy in Period (kWh)",
        "SUM(IF [In Period] THEN [Daily Energy (kWh)] END)",
        description="Energy of the period.",
        folder=ENERGY_AND_DEMAND,
        format="n#,##0",
    ),
    Calculation(
        "Energy in Period Before (kWh)",
        "SUM(IF [In Period Before] THEN [Daily Energy (kWh)] END)",
        description="Energy of the period before.",
        folder=ENERGY_AND_DEMAND,
        format="n#,##0",
    ),
    *COMPARISONS,
    Calculation(
        "Base Load Share",
        "SUM([Base Load (kW)] * 24) / SUM([Daily Energy (kWh)])",
        description="Share of the energy that would be used if base load ran all day: what never sleeps.",
        folder=ENERGY_AND_DEMAND,
        format="p0.0%",
    ),
    Calculation(
        "Selected Metric",
        f"""CASE [Metric]
        WHEN "{ENERGY}" THEN SUM([Daily Energy (kWh)])
        WHEN "{PEAK}" THEN MAX([Peak Demand (kW)])
        WHEN "{BASE}" THEN AVG([Base Load (kW)]) END""",
        description="What the parameter Metric says; its unit stands there too.",
        folder=CHOICE,
        format="n#,##0",
    ),
    Calculation(
        "Mean of 7 Days (kWh)",
        """IF WINDOW_COUNT(SUM([Daily Energy (kWh)]), -6, 0) = 7
        THEN WINDOW_AVG(SUM([Daily Energy (kWh)]), -6, 0) END""",
        description="Mean of the day and the six before it; null until all seven are there. Compute it along Date.",
        folder=ENERGY_AND_DEMAND,
        format="n#,##0",
    ),
    Calculation(
        "Quartile",
        """IF RANK([Selected Metric], 'desc') * 4 <= WINDOW_COUNT([Selected Metric]) THEN "highest quarter"
        ELSEIF RANK([Selected Metric], 'asc') * 4 <= WINDOW_COUNT([Selected Metric]) THEN "lowest quarter"
        ELSEIF NOT ISNULL([Selected Metric]) THEN "middle half" END""",
        "string",
        "Where a meter stands among those shown, of which three have no quarter. Compute it along Meter.",
        CHOICE,
    ),
    Calculation(
        "Typical Same Weekday (kWh)",
        "{FIXED [Meter], [Channel], ISOWEEKDAY([Date]) : MEDIAN([Daily Energy (kWh)])}",
        description="Median of the meter's energy on this day of the week, over the whole history.",
        folder=ENERGY_AND_DEMAND,
        format="n#,##0",
    ),
    Calculation(
        "Difference from Typical",
        "SUM([Daily Energy (kWh)]) / SUM([Typical Same Weekday (kWh)]) - 1",
        description="Energy against what is typical for this day of the week: +10 % is a tenth more.",
        folder=ENERGY_AND_DEMAND,
        format="p+0.0%;-0.0%",
    ),
    Calculation(
        "Among Ten Highest",
        "RANK_UNIQUE(MAX([Peak Demand (kW)]), 'desc') <= 10",
        "boolean",
        "True for the ten highest peaks of what is shown. Compute it along Date and Meter.",
        CHOICE,
    ),
    Calculation(
        "Among Fifteen Most Unlike",
        "RANK_UNIQUE(ABS([Difference from Typical]), 'desc') <= 15",
        "boolean",
        "True for the fifteen days shown that differ most from what is typical. Compute it along Date.",
        CHOICE,
    ),
    Calculation("One Week", "MIN(7.0)", description="Length of a bar that spans a week on a time axis.", folder="When"),
    Calculation(
        "Holiday Mark",
        'IF MIN([Holiday]) THEN "•" ELSE "" END',
        "string",
        "A dot on public holidays.",
        "When",
    ),
    Calculation(
        "Peak Hour",
        "DATEPART('hour', [Peak Time])",
        "integer",
        "Hour of the day, 0 to 23, in which the day's peak interval began.",
        "When",
        dimension=True,
    ),
    Calculation(
        "Measured Share",
        "SUM([Coverage] * [Expected Intervals]) / SUM([Expected Intervals])",
        description="Share of the intervals that are plain actual readings.",
        folder=QUALITY,
        format="p0.0%",
    ),
    Calculation(
        "Estimated Share of Energy",
        "ZN(SUM([Estimated Share] * [Daily Energy (kWh)])) / SUM([Daily Energy (kWh)])",
        description="Share of the energy that was estimated.",
        folder=QUALITY,
        format="p0.00%",
    ),
    Calculation(
        "Trust",
        'IF [Estimated Share] > 0 THEN "partly estimated" ELSE "as measured" END',
        "string",
        "Whether any of the day's energy is estimated.",
        QUALITY,
    ),
    Calculation(
        "Changed by Validation (kWh)",
        "SUM(ABS(ZN([Daily Energy (kWh)]) - ZN([Daily Energy as Read (kWh)])))",
        description="How far the days' energy after validation is from what was read, up or down.",
        folder=QUALITY,
        format="n#,##0",
    ),
    Calculation(
        "Change by Validation",
        """IF SUM(ZN([Daily Energy (kWh)])) < SUM(ZN([Daily Energy as Read (kWh)])) THEN "less than read"
        ELSE "more than read" END""",
        "string",
        "Whether there is less or more energy after validation than was read.",
        QUALITY,
    ),
)

READINGS_CALCULATIONS = (
    IN_SITE,
    IN_CHOICE,
    Calculation("Last Day", "{FIXED : MAX(DATE([Interval Start]))}", "date", "The last day of the data.", CHOICE),
    Calculation(
        "Days Ago",
        "DATEDIFF('day', [Interval Start], [Last Day])",
        "integer",
        "Days before the last day of the data; 0 is that day itself.",
        CHOICE,
        dimension=True,
    ),
    IN_PERIOD,
    Calculation(
        "Hour of Day",
        "DATEPART('hour', [Interval Start])",
        "integer",
        "Hour on the site's wall clock, 0 to 23.",
        "When",
        dimension=True,
    ),
    Calculation(
        "Day Type",
        'IF ISOWEEKDAY([Interval Start]) >= 6 THEN "Weekend" ELSE "Weekday" END',
        "string",
        "Saturday and Sunday are weekend.",
        "When",
    ),
    Calculation(
        "Hour (UTC)",
        """DATEADD('minute', DATEDIFF('minute', [Interval Start], [Interval Start (UTC)]),
        DATETRUNC('hour', [Interval Start]))""",
        "datetime",
        "The site's hour as an instant: also where clocks differ from UTC by half an hour, and twice in autumn.",
        "When",
    ),
    Calculation(
        "Mean Demand (kW)",
        "SUM([Energy (kWh)]) / COUNTD(IF NOT ISNULL([Energy (kWh)]) THEN [Hour (UTC)] END)",
        description="Mean power of all chosen meters together, over the hours that have a value.",
        folder=ENERGY_AND_DEMAND,
    ),
    Calculation(
        "One Day",
        "MIN(1.0)",
        description="Length of a bar that spans a day on a time axis.",
        folder="When",
    ),
    Calculation(
        "Share of Time",
        "(RANK_UNIQUE(SUM([Energy (kWh)]), 'desc') - 1) / (SIZE() - 1)",
        description="Share of the hours with a higher demand. Compute it along the hours.",
        folder=ENERGY_AND_DEMAND,
        format="p0%",
    ),
    Calculation(
        "Measured Share",
        'SUM(IF [Quality] = "actual" THEN 1 ELSE 0 END) / COUNT([Quality])',
        description="Share of the intervals that are plain actual readings.",
        folder=QUALITY,
        format="p0.0%",
    ),
    Calculation(
        "Estimated Share of Energy",
        'ZN(SUM(IF [Quality] = "estimated" THEN [Energy (kWh)] END)) / SUM([Energy (kWh)])',
        description="Share of the energy that was estimated.",
        folder=QUALITY,
        format="p0.00%",
    ),
)

FINDINGS_CALCULATIONS = (
    Calculation(
        "Where",
        'IFNULL([Meter], "several meters")',
        "string",
        "The meter; findings of a whole site have none.",
        "Where",
    ),
    Calculation(
        "Number of Findings",
        "COUNT([Rule])",
        "integer",
        "How many findings there are.",
        QUALITY,
        format="n#,##0",
    ),
    Calculation(
        "Duration (days)",
        "MAX(DATEDIFF('minute', [First Interval (UTC)], [Last Interval (UTC)])) / 1440",
        description="From the first to the last interval of a finding, which need not all be concerned.",
        folder=QUALITY,
        format="n#,##0.0",
    ),
)
