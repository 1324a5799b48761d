"""Workbooks as code: short specs become `.twb`, `.twbx`, `.tds` and `.tdsx` files that Tableau opens."""
