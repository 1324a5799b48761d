"""Ratios against a reference measured in the same run; never a time alone."""
