"""The web app's house, for those who try its doors; the command line and its world outside."""

from tests.cli.conftest import brainarr, outside, servers
from tests.web.conftest import api, house, stranger

__all__ = ["api", "brainarr", "house", "outside", "servers", "stranger"]
