"""How much is tried: a sample by default, the campaign with ``LUNA_LONG=1``.

LUNA_LONG=1 pytest tests/fuzz --hypothesis-show-statistics --timeout 3600
"""

import os

from hypothesis import HealthCheck, settings

LONG = os.environ.get("LUNA_LONG") == "1"

settings.register_profile(
    "fuzz",
    max_examples=1_000 if LONG else 40,
    deadline=None,  # the machine may be busy
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
FUZZ = settings.get_profile("fuzz")
"""Put above ``@given``."""
