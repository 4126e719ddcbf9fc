"""Names the fixtures that all tests share, and how hard the property tests try; defines no fixture itself."""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.fixtures.servers",
    "tests.fixtures.database",
    "tests.fixtures.command_line",
    "tests.fixtures.gateway",
    "tests.fixtures.demo",
    "tests.fixtures.backups",
    "tests.fixtures.api",
    "tests.fixtures.api_server",
    "tests.fixtures.mail",
    "tests.fixtures.sign_in_provider",
]

# No deadline: the machines are shared, and a slow moment is no fault of the code.
settings.register_profile("short", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))
