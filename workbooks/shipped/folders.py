"""Folders of the field list in which calculations lie; those of columns are in `data_sources`."""

CHOICE = "Choice"
QUALITY = "Quality"
ENERGY_AND_DEMAND = "Energy and demand"
