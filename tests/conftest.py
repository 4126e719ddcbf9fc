"""Names the fixtures that all tests share; defines none itself."""

pytest_plugins = ["tests.fixtures.servers", "tests.fixtures.database", "tests.fixtures.gateway"]
