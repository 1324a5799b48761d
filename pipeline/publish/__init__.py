"""What goes out: functions to TabPy, extracts and workbooks to Tableau."""
