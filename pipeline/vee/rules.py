"""The rules as a run has set them: the table, with the settings of hyperwatt.toml on top."""

from collections.abc import Callable, Mapping
from inspect import signature

import numpy as np
import pandas as pd

from pipeline.errors import SettingsError
from pipeline.vee.grid import Bools, Floats
from pipeline.vee.rule_table import RULE_BY_ID, RULES, Rule

__all__ = ["RULES", "RULE_BY_ID", "Rule", "RuleBook"]

Settings = Mapping[str, object]


LAYING = ("V01", "V02", "V03", "V04", "V06", "V14", "V21")
"""Rules that say how rows become intervals, not what a value is worth: without them there is no interval."""


def _checked(settings: Mapping[str, Settings], where: str) -> dict[str, dict[str, float]]:
    """Check names and types of `[rules.…]`; `enabled` becomes 0 or 1."""
    checked: dict[str, dict[str, float]] = {}
    for rule_id, values in settings.items():
        if rule_id not in RULE_BY_ID:
            raise SettingsError(f"{where}: rule {rule_id!r} is not known -> one of {', '.join(RULE_BY_ID)}")
        if not isinstance(values, Mapping):
            raise SettingsError(
                f"{where}: {rule_id} = {values!r} is not a table -> write [rules.{rule_id}] and below it"
            )
        checked[rule_id] = {name: _number(rule_id, name, value, where) for name, value in values.items()}
    return checked


def _number(rule_id: str, name: str, value: object, where: str) -> float:
    known = ("enabled", *RULE_BY_ID[rule_id].parameters)
    if name not in known:
        raise SettingsError(f"{where}: {rule_id} has no {name!r} -> it has {', '.join(known)}")
    if name == "enabled" and value is False and rule_id in LAYING:
        raise SettingsError(f"{where}: {rule_id} says how readings are laid out in time -> it cannot be switched off")
    if isinstance(value, bool) != (name == "enabled") or not isinstance(value, int | float) or not 0 <= value < np.inf:
        kind = "true or false" if name == "enabled" else "a number, not negative"
        raise SettingsError(f"{where}: {rule_id} {name} = {value!r} -> must be {kind}")
    return float(value)


class RuleBook:
    """The rules as a run has set them: defaults, then settings for all, then for a meter, then for a channel.

    Parameters
    ----------
    rules : mapping of str to mapping
        `[rules.V09]` of hyperwatt.toml: parameter names to numbers, `enabled` to a bool.
    overrides : mapping of (meter_id, channel) to mapping
        The same for one channel; channel "*" is the whole meter.

    Raises
    ------
    SettingsError
        For a rule or parameter that does not exist (the message names those that do) or a value that is not a number.
    """

    def __init__(
        self,
        rules: Mapping[str, Settings] | None = None,
        overrides: Mapping[tuple[str, str], Mapping[str, Settings]] | None = None,
    ) -> None:
        self._rules = _checked(rules or {}, "rules")
        self._overrides = {key: _checked(value, f"rules of meter {key[0]}") for key, value in (overrides or {}).items()}
        self._varied = {(rule, name) for own in self._overrides.values() for rule in own for name in own[rule]}

    def value(self, rule_id: str, name: str) -> float:
        """Give a parameter as set for all channels."""
        default = 1.0 if name == "enabled" else RULE_BY_ID[rule_id].parameters[name]
        return self._rules.get(rule_id, {}).get(name, default)

    def parameter(self, rule_id: str, name: str, channels: pd.DataFrame) -> Floats:
        """Give a parameter of a rule for each channel.

        Parameters
        ----------
        rule_id, name : str
            As in `RULES`.
        channels : pandas.DataFrame
            `meter_id` and `channel` of each row of a grid.

        Returns
        -------
        array of float64, shape (channels, 1)
        """
        values = np.full((len(channels), 1), self.value(rule_id, name))
        if (rule_id, name) in self._varied:
            for row, (meter_id, channel) in enumerate(zip(channels["meter_id"], channels["channel"], strict=True)):
                for key in ((meter_id, "*"), (meter_id, channel)):
                    values[row] = self._overrides.get(key, {}).get(rule_id, {}).get(name, values[row, 0])
        return values

    def arguments(self, rule_id: str, function: Callable[..., object], channels: pd.DataFrame) -> dict[str, Floats]:
        """Give those parameters of a rule that a function takes, each of shape (channels, 1)."""
        taken = signature(function).parameters
        names = [name for name in RULE_BY_ID[rule_id].parameters if name in taken]
        return {name: self.parameter(rule_id, name, channels) for name in names}

    def enabled(self, rule_id: str, channels: pd.DataFrame) -> Bools:
        """Tell for which channels a rule is on, shape (channels, 1)."""
        return self.parameter(rule_id, "enabled", channels) > 0
