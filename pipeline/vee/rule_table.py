"""The rules of VEE: what each is called, when a reading is suspect, what is done, and its numbers, each with a source.

Names and severities are those of Oracle Utilities' and Itron's rule catalogues where they have one; the numbers are
defaults, not a standard's, unless `source` says otherwise. Every number can be set in `[rules.V09]` of hyperwatt.toml,
for all meters, for one meter or for one channel; `enabled = false` switches a rule off.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rule:
    """One rule of the table.

    Attributes
    ----------
    rule_id : str
        "V01" … "V23".
    name : str
        The field's own name.
    severity : str
        One of `pipeline.schema.SEVERITIES`.
    action : str
        What is done about it.
    text : str
        When a file or a reading is suspect; a row of the README.
    source : str
        Where test and numbers come from.
    parameters : dict of str to float
        Numbers that settings may change.
    """

    rule_id: str
    name: str
    severity: str
    action: str
    text: str
    source: str
    parameters: dict[str, float] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The code that a changed reading carries: 9 for V09."""
        return int(self.rule_id[1:])


RULES = (
    Rule(
        "V01",
        "Timestamp parse / ambiguous date",
        "terminate",
        "refuse the file",
        "a file is suspect when its stamps fit no order of day and month, or two, or its values jump where days change",
        "measured on two public files whose days and months are swapped",
    ),
    Rule(
        "V02",
        "Duplicate IMD Check",
        "issue",
        "keep the last, log every version",
        "a reading is suspect when another one has the same channel and start",
        "Oracle",
    ),
    Rule(
        "V03",
        "DST / interval count",
        "info",
        "resolve or keep, exclude from demand",
        "a reading is suspect when it holds the doubled, lost or spread hour of a clock change",
        "the spread and doubled hours of five meters of the Cambridge estate; tolerances measured there",
        {"tolerance": 0.15, "scatter": 0.3},
    ),
    Rule(
        "V04",
        "Interval Size Validation",
        "issue",
        "prorate by overlap",
        "a reading is suspect when its interval is longer or shorter than the channel's",
        "Oracle, OED",
    ),
    Rule(
        "V05",
        "Gap Check",
        "issue",
        "estimate",
        "a reading is suspect when it is missing between the channel's first and last",
        "Itron; all catalogues",
    ),
    Rule(
        "V06",
        "Time tolerance",
        "info",
        "snap, or split by overlap",
        "a reading is suspect when its stamp lies beside the grid",
        "California; 3 minutes chosen, not measured",
        {"minutes": 3.0},
    ),
    Rule(
        "V07",
        "Negative Consumption Check",
        "issue",
        "null",
        "a reading is suspect when it is below zero on a delivered channel of a site that does not feed in",
        "Oracle, Energy Sparks",
    ),
    Rule(
        "V08",
        "Zero Consumption Check",
        "issue",
        "null; keep short zeros that the load fades into",
        "a reading is suspect when it is zero on a channel that otherwise never rests at zero: neither nightly nor for "
        "a season of 45 days, nor before its first load, nor by the sun or by a resolution near its base load",
        "Oracle; CalTRACK 2.2.1.4 (0 kWh of electricity is missing); shares chosen on the Cambridge estate, whose "
        "longest dead run is 36 days",
        {
            "zero_share": 0.05,
            "long_hours": 20.0,
            "fewest_days": 7.0,
            "season_days": 45.0,
            "fade": 0.25,
            "fade_quanta": 3.0,
        },
    ),
    Rule(
        "V09",
        "Consecutive Interval Check",
        "issue",
        "null; kept as V20 when filled at the source",
        "a reading is suspect when it repeats the one before, not zero, for six hours or more; for longer in "
        "proportion where the value is under 290 steps of the meter's resolution; not where the channel holds that "
        "value three times or more: its base load",
        "Oracle, pvanalytics; hours chosen, the rest measured on the Cambridge estate (an empty building repeats 1.2 "
        "kWh for 99 h at 12 steps, a real load for 6 h at 285; faults begin at 73 steps and 24 h; a base load is held "
        "27 times and more, a fault's value twice at most)",
        {"hours": 6.0, "quanta": 290.0, "fewest_days": 1.0, "visits": 3.0},
    ),
    Rule(
        "V10",
        "Interval Spike Check",
        "issue",
        "null; spread when it is a catch-up (V13)",
        "a reading is suspect when it is more than 2.5 times both neighbours and 1.5 times the channel's 99.5th "
        "percentile; 3 times where one reading in a thousand stands out so (a load of peaks); of two side by side, "
        "twice that or 5.5 times the same weekdays'; not what comes again a week later",
        "Oracle, Itron; numbers measured on the Cambridge estate, where the day test of the California standard takes "
        "35 real peaks for spikes and misses 14 of 33 spikes; loads of peaks measured on made homes, lifts and pumps",
        {"times": 2.5, "level": 1.5, "percentile": 99.5, "habit": 0.001},
    ),
    Rule(
        "V11",
        "Demand High/Low Limit",
        "issue",
        "null",
        "a reading is suspect when it is more than the site's supply can pass, or a UK meter's code for no reading",
        "Itron; list of codes by n3rgy",
        {"sentinel_level": 3.0},
    ),
    Rule(
        "V12",
        "High/Low Usage Check",
        "info",
        "none",
        "a reading is suspect when its day used under 0.5 or over 2 times the mean of that weekday in the last 4 to 13 "
        "weeks",
        "California, Oracle; numbers chosen, not measured",
        {"low": 0.5, "high": 2.0, "fewest_weeks": 4.0, "most_weeks": 13.0},
    ),
    Rule(
        "V13",
        "Sum Check",
        "issue",
        "scale estimates to the total; spread a catch-up over its gap",
        "a reading is suspect when it catches up the energy of the gap before it, or intervals differ from a known "
        "total",
        "California, Oracle; tolerance fits the UK day rows that state totals (off by 0.04 %), the rest chosen",
        {"share": 0.0002, "kwh": 0.01, "percentile": 99.0, "times": 2.5, "low": 0.5, "high": 1.5},
    ),
    Rule(
        "V14",
        "Register rollover / reset",
        "issue",
        "take the difference across it, or reject",
        "a reading is suspect when its register falls: rollover near the last digit, reset inside the declared window",
        "OED; 90 % chosen, not measured",
        {"share": 0.9},
    ),
    Rule(
        "V15",
        "Multiplier Check",
        "issue",
        "say it; never rescale in place",
        "a reading is suspect when from a date on every day is 2, 4, 10 or 1,000 times (or that part of) two weeks "
        "before, within 5 % a doubling, or when the channel's mean power is above a gigawatt",
        "Energy Sparks, ESB; tolerance chosen, not measured",
        {"tolerance": 0.05, "days": 14.0, "outliers": 2.0, "limit_kw": 1e6},
    ),
    Rule(
        "V16",
        "Reactive / power factor",
        "info",
        "none",
        "a reading is suspect when it is reactive and its month has a power factor under 0.3",
        "California; 0.3 chosen, not measured",
        {"low": 0.3},
    ),
    Rule(
        "V17",
        "Partial interval or day",
        "info",
        "null half intervals with their gap; leave part days to coverage",
        "a reading is suspect when it is half of its neighbour beside a gap or at the edge of a file or year, or when "
        "its day begins or ends in the middle",
        "Energy Sparks; 0.4 to 0.6 measured on the Cambridge estate",
        {"low": 0.4, "high": 0.6, "long_hours": 20.0},
    ),
    Rule(
        "V18",
        "Prolonged Estimation Check",
        "issue",
        "leave null",
        "a reading is suspect when its gap is longer than 30 days; across 50 days no history is used",
        "Oracle, Energy Sparks; both chosen, not measured",
        {"days": 30.0, "history_days": 50.0},
    ),
    Rule(
        "V19",
        "Fleet outage",
        "info",
        "one event, not one finding a meter",
        "a reading is suspect when a fifth of its site's channels, five or more or all, are zero or missing with it "
        "(not of a site of one or two meters)",
        "20 % measured on the Cambridge estate",
        {"share": 0.2, "fewest_channels": 5.0},
    ),
    Rule(
        "V20",
        "Source estimate flag",
        "info",
        "carry to quality",
        "a reading is suspect when its supplier says it is estimated, or several channels hold one value for the same "
        "day",
        "NEM12, UK suppliers; filled days measured on the Cambridge estate",
    ),
    Rule(
        "V21",
        "Not data",
        "terminate",
        "refuse the file",
        "a file is suspect when it is empty, an error page, a picture or cannot be read as rows",
        "files met in the field",
    ),
    Rule(
        "V22",
        "Inactive Measurement Check",
        "info",
        "alert",
        "a reading is suspect when it is the channel's newest and older than 5 days, or one of 5 days of zeros at an "
        "end of the channel or of 45 anywhere, or of a channel that never had another value",
        "Oracle, Energy Sparks; 5 days chosen, not measured; 45 as for V08",
        {"days": 5.0, "season_days": 45.0},
    ),
    Rule(
        "V23",
        "Extreme value",
        "info",
        "manual review, never nulled",
        "a reading is suspect when it is more than 3 interquartile ranges outside the quartiles",
        "OpenDSM",
        {"width": 3.0},
    ),
)

RULE_BY_ID = {rule.rule_id: rule for rule in RULES}
