"""How properties are tried: `make unit` tries new examples each time, `make test` and CI the same ones on every run."""

from hypothesis import settings

settings.register_profile("default", deadline=None)  # no test measures time
settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
