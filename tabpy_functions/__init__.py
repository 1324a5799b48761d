"""What Tableau calls through TabPy: forecasts, anomalies, scenarios, carbon. Imports nothing of `pipeline`.

These modules are pickled to a TabPy that may not have this package, so docstrings here are ASCII without a percent
sign (TabPy's state file breaks on both).
"""

VERSION = "1.0.0"
"""Of the deployed functions: raised whenever what they take or answer changes. A served function tells its own."""
