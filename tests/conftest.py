"""What every test shares: how hard Hypothesis looks.

A run that is short on time looks at fewer examples; CI looks at more. Nothing is timed: the
machine may be busy.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "fast", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "thorough", max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("thorough" if os.environ.get("CI") else "fast")
