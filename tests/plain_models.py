"""A choice of model that takes no time, for tests of everything around it; other processes import it from here."""

import os
from dataclasses import replace

import numpy as np

from tabpy_functions.averages import FOUR_WEEKS, fit_mean
from tabpy_functions.choosing import Choice, choose_forecast
from tabpy_functions.days import Days


def choose_mean(days: Days) -> Choice:
    """Choose between the four-week mean and last week repeated."""
    return choose_forecast(days, models={FOUR_WEEKS: fit_mean})


def choose_nobody(days: Days) -> Choice:
    """Fail, as a model with a fault in it would."""
    raise ZeroDivisionError("a fault in a model")


def choose_death(days: Days) -> Choice:
    """End the process, as a system without memory does."""
    os._exit(9)


def choose_falling(days: Days) -> Choice:
    """Forecast less and less, until it is below zero."""
    choice = choose_mean(days)
    fall = np.linspace(0, 1000, days.horizon)[:, None]
    kwh = {name: getattr(choice.forecast, name) - fall for name in ("expected_kwh", "lower_kwh", "upper_kwh")}
    return replace(choice, forecast=replace(choice.forecast, **kwh))


def choose_to_tell(days: Days) -> Choice:
    """Say how many threads this process may compute with."""
    raise ValueError(f"{os.environ.get('OMP_NUM_THREADS')} thread")


def choose_silence(days: Days) -> Choice:
    """Forecast nothing of the last day."""
    choice = choose_mean(days)
    expected = choice.forecast.expected_kwh.copy()
    expected[-1] = np.nan
    return replace(choice, forecast=replace(choice.forecast, expected_kwh=expected))
