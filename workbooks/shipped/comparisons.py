"""What the numbers of the overview are, and what they were in the period before."""

from workbooks.model import Calculation
from workbooks.shipped.folders import CHOICE, ENERGY_AND_DEMAND, QUALITY

BASE = "SUM(IF {when} THEN [Base Load (kW)] * 24 END) / SUM(IF {when} THEN [Daily Energy (kWh)] END)"
MEASURED = """SUM(IF {when} THEN [Coverage] * [Expected Intervals] END)
        / SUM(IF {when} THEN [Expected Intervals] END)"""
NOW, BEFORE = "[In Period]", "[In Period Before]"


def _before(caption: str, words: str, description: str, folder: str) -> Calculation:
    """Make the half-sentence that says what a number was, also where that cannot be said."""
    formula = f'IF [Has Period Before] THEN {words} ELSE "no whole period before to compare with" END'
    return Calculation(caption, formula, "string", description, folder)


COMPARISONS = (
    Calculation(
        "Has Period Before",
        "MAX([Period]) > 0 AND COUNTD(IF [In Period Before] THEN [Date] END) = MAX([Period])",
        "boolean",
        "True where the period before has all its days.",
        CHOICE,
    ),
    Calculation(
        "Change",
        "IF [Has Period Before] THEN [Energy in Period (kWh)] / [Energy in Period Before (kWh)] - 1 END",
        description="Energy of the period against the period before; null unless that has all its days.",
        folder=ENERGY_AND_DEMAND,
        format="p+0.0%;-0.0%",
    ),
    _before(
        "Change in Words",
        """IF [Change] < 0 THEN "-" ELSE "+" END + STR(ROUND(100 * ABS([Change]), 1))
            + "% against the " + STR(MAX([Period])) + " days before\"""",
        "The change as a sentence, also when there is none.",
        ENERGY_AND_DEMAND,
    ),
    Calculation(
        "Peak in Period (kW)",
        "MAX(IF [In Period] THEN [Peak Demand (kW)] END)",
        description="Highest mean power of one meter in one interval of the period.",
        folder=ENERGY_AND_DEMAND,
        format="n#,##0.0",
    ),
    _before(
        "Peak Before",
        """"it was " + STR(ROUND(MAX(IF [In Period Before] THEN [Peak Demand (kW)] END), 1)) + " kW before\"""",
        "The peak of the period before, in words.",
        ENERGY_AND_DEMAND,
    ),
    Calculation(
        "Base Load Share in Period",
        BASE.format(when=NOW),
        description="Share of the period's energy that would be used if base load ran all day.",
        folder=ENERGY_AND_DEMAND,
        format="p0.0%",
    ),
    _before(
        "Base Load Share Before",
        f""""it was " + STR(ROUND(100 * {BASE.format(when=BEFORE)}, 1)) + "% before\"""",
        "The share of base load in the period before, in words.",
        ENERGY_AND_DEMAND,
    ),
    Calculation(
        "Measured Share in Period",
        MEASURED.format(when=NOW),
        description="Share of the period's intervals that are plain actual readings.",
        folder=QUALITY,
        format="p0.0%",
    ),
    _before(
        "Measured Share Before",
        f""""it was " + STR(ROUND(100 * {MEASURED.format(when=BEFORE)}, 1)) + "% before\"""",
        "The share that was measured in the period before, in words.",
        QUALITY,
    ),
)
