"""Pages for people: figures, plots and tables in one file that opens without a network. What they tell comes from above."""

from router.report.page import Cell, Column, Figure, Page, Plot, Section, Table, needs_extra, render, write_page

__all__ = ["Cell", "Column", "Figure", "Page", "Plot", "Section", "Table", "needs_extra", "render", "write_page"]
