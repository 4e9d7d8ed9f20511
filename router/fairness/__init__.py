"""What the floor demands of every policy before it is used: loyalty only lifts, failures never lower, no case starves."""

from router.fairness.check import check_fairness, proven

__all__ = ["check_fairness", "proven"]
