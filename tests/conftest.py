"""How properties are tried: `make unit` tries new examples each time, `make test` and CI the same ones on every run."""

from hypothesis import HealthCheck, settings

NO_CLOCK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # no test measures time

settings.register_profile("default", NO_CLOCK)
settings.register_profile("ci", NO_CLOCK, derandomize=True, database=None, print_blob=True)
