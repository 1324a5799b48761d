"""Where results rest: the database (system of record) and the Hyper extracts. Nothing here changes a value."""
