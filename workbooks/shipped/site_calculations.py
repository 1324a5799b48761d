"""Calculated fields of the extract of meters: energy by area, and how sure it is."""

from workbooks.model import Calculation
from workbooks.shipped.calculations import IN_SITE
from workbooks.shipped.folders import CHOICE, ENERGY_AND_DEMAND, QUALITY

COMPARABLE_DAYS = 330
"""Days with energy that a year must have to be compared: eleven of twelve months (chosen). A meter of half a year would
else look thrifty. [days]"""

METERS_CALCULATIONS = (
    IN_SITE,
    Calculation(
        "Can Be Compared",
        f"NOT ISNULL([Floor Area (m²)]) AND [Days with Energy (d)] >= {COMPARABLE_DAYS}",
        "boolean",
        f"True with a floor area and at least {COMPARABLE_DAYS} of 365 days with energy.",
        QUALITY,
    ),
    Calculation(
        "Energy per Area (kWh/m²)",
        """SUM(IF [Can Be Compared] THEN [Energy of the Last Year (kWh)] END)
        / SUM(IF [Can Be Compared] THEN [Floor Area (m²)] END)""",
        description="Energy of a year for each square metre, of meters that can be compared; one channel at a time.",
        folder=ENERGY_AND_DEMAND,
        format="n#,##0",
    ),
    Calculation(
        "Quarter by Area",
        """IF ISNULL([Energy per Area (kWh/m²)]) THEN "not comparable"
        ELSEIF RANK([Energy per Area (kWh/m²)], 'desc') * 4 <= WINDOW_COUNT([Energy per Area (kWh/m²)])
        THEN "highest quarter"
        ELSEIF RANK([Energy per Area (kWh/m²)], 'asc') * 4 <= WINDOW_COUNT([Energy per Area (kWh/m²)])
        THEN "lowest quarter"
        ELSE "middle half" END""",
        "string",
        "Where a meter stands among those shown, of which three have no quarter. Compute it along Meter.",
        CHOICE,
    ),
    Calculation(
        "Measured Share",
        """SUM([Coverage] * [Days with Energy (d)]) / SUM([Days with Energy (d)])""",
        description="Share of the intervals of the last year that are actual readings, each meter by its days.",
        folder=QUALITY,
        format="p0.0%",
    ),
    Calculation(
        "Estimated Share of Energy",
        "SUM([Estimated Share] * [Energy of the Last Year (kWh)]) / SUM([Energy of the Last Year (kWh)])",
        description="Share of the energy of the last year that is estimated.",
        folder=QUALITY,
        format="p0.00%",
    ),
)
