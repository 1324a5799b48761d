"""Files as their publishers write them, made in code with invented numbers."""
