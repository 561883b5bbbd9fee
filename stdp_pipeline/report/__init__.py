"""The report: one page that holds everything and opens offline."""
