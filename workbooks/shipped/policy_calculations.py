"""What saving and shifting would do to energy, peak, cost and carbon, while a reader moves sliders.

All of it is calculated by Tableau itself, so it works on Tableau Public too. The measures are the first two of TabPy's
`policy_scenario` and mean the same: a share of all use is saved; a share of the use from 16 to 19 moves to 0 to 7 of
the same day, which keeps its energy.
"""

from workbooks.model import Calculation, Parameter

PEAK_FROM, PEAK_TO, CHEAP_TO = 16, 19, 7
"""The winter peak of British tariffs and the seven hours of Economy 7, as TabPy's scenario has them (chosen). [h]"""

SLIDERS = (
    Parameter("Saved", "real", 0.1, low=0.0, high=0.5, step=0.01, format="p0%"),
    Parameter("Moved out of the Peak", "real", 0.2, low=0.0, high=1.0, step=0.05, format="p0%"),
    # Prices and factor are only a start: nobody's tariff, to be moved to one's own.
    Parameter("Price from 16 to 19", "real", 0.4, low=0.0, high=1.0, step=0.01, format="n0.00"),
    Parameter("Price at Other Hours", "real", 0.25, low=0.0, high=1.0, step=0.01, format="n0.00"),
    Parameter("Carbon Factor (kg/kWh)", "real", 0.2, low=0.0, high=1.0, step=0.01, format="n0.00"),
)

DAY = "[Meter], [Channel], DATETRUNC('day', [Interval Start])"
FOLDER = "What if"


def _calculation(caption: str, formula: str, description: str, format: str = "n#,##0") -> Calculation:
    return Calculation(caption, formula, description=description, folder=FOLDER, format=format)


POLICY_CALCULATIONS = (
    Calculation("In the Peak", f"[Hour of Day] >= {PEAK_FROM} AND [Hour of Day] < {PEAK_TO}", "boolean", folder=FOLDER),
    Calculation("In the Night", f"[Hour of Day] < {CHEAP_TO}", "boolean", folder=FOLDER),
    _calculation(
        "Peak Energy of the Day (kWh)",
        f"{{FIXED {DAY} : SUM(IF [In the Peak] AND [Energy (kWh)] > 0 THEN [Energy (kWh)] END)}}",
        "Energy of the meter's day from 16 to 19.",
    ),
    _calculation(
        "Night of the Day (min)",
        f"{{FIXED {DAY} : SUM(IF [In the Night] AND NOT ISNULL([Energy (kWh)]) THEN [Interval Length (min)] END)}}",
        "Minutes of the meter's day before 7 that have a value: what is moved goes there.",
    ),
    _calculation(
        "Share that Moves",
        "IF ZN([Night of the Day (min)]) > 0 THEN [Moved out of the Peak] ELSE 0 END",
        "Nothing moves on a day whose night is not known: it would be lost.",
        "p0%",
    ),
    _calculation(
        "Energy if (kWh)",
        """(1 - [Saved]) * ([Energy (kWh)]
        - IF [In the Peak] AND [Energy (kWh)] > 0 THEN [Energy (kWh)] * [Share that Moves] ELSE 0 END
        + IF [In the Night] THEN
            ZN([Peak Energy of the Day (kWh)] * [Share that Moves] * [Interval Length (min)] / [Night of the Day (min)])
          ELSE 0 END)""",
        "Energy of the interval under the sliders.",
    ),
    _calculation(
        "Saved (kWh)", "SUM([Energy (kWh)]) - SUM([Energy if (kWh)])", "Energy that would not have been used."
    ),
    _calculation(
        "Peak (kW)",
        """MAX({FIXED [Hour (UTC)] :
        SUM(IF [In Choice] AND [Channel] = "delivered" THEN [Energy (kWh)] END)})""",
        "Highest mean power of an hour, of all chosen meters together.",
        "n#,##0.0",
    ),
    _calculation(
        "Peak if (kW)",
        """MAX({FIXED [Hour (UTC)] :
        SUM(IF [In Choice] AND [Channel] = "delivered" THEN [Energy if (kWh)] END)})""",
        "The same under the sliders.",
        "n#,##0.0",
    ),
    _calculation(
        "Price", "IF [In the Peak] THEN [Price from 16 to 19] ELSE [Price at Other Hours] END", "Per kWh.", "n0.00"
    ),
    _calculation("Cost", "SUM([Energy (kWh)] * [Price])", "In the currency of the prices."),
    _calculation("Cost if", "SUM([Energy if (kWh)] * [Price])", "The same under the sliders."),
    _calculation("Carbon (kg)", "SUM([Energy (kWh)]) * [Carbon Factor (kg/kWh)]", "By an average factor."),
    _calculation(
        "Carbon if (kg)",
        "SUM([Energy if (kWh)]) * [Carbon Factor (kg/kWh)]",
        "Under the sliders; an average factor does not see when energy is used.",
    ),
    _calculation(
        "Mean Demand if (kW)",
        "SUM([Energy if (kWh)]) / COUNTD(IF NOT ISNULL([Energy (kWh)]) THEN [Hour (UTC)] END)",
        "Mean power under the sliders, over the hours that have a value.",
        "n#,##0.0",
    ),
)
