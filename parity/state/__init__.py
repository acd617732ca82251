"""Parameters and buffers of two programs: which is which, and what an optimizer would train."""
