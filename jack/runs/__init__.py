"""What every run has: places for its files, and progress on the terminal."""
