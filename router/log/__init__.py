"""The decision log: every decision with the facts it was made from, so that it can be made again without a snapshot."""
