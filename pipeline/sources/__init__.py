"""One module per file layout, and the sniffing that chooses one."""
