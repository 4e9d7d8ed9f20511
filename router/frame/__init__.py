"""The frame back end: many cases decided at once, by the same plan, as columns. Nothing here is done case by case."""
