"""Validation, estimation and editing of interval data, on the grid of `pipeline.vee.grid`."""
