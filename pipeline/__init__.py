"""Meter files in, trustworthy Tableau out: read, validate, estimate, store, extract."""
