"""A backlog larger than one machine: Spark reads, joins, parts and sorts it; the frame back end decides each part.

The only package that knows Spark, which comes with the extra ``case-router[spark]``.
"""
