"""How methods are measured: cells, processes that take turns, statistics, and what the machine did meanwhile."""
