"""Reports of measured cells: terminal, CSV, HTML, a comparison with earlier ones, and the page of the documentation."""
