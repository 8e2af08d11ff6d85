"""Fixtures of the tests of `ip2p train`."""

from tests.commands.conftest import ip2p  # noqa: F401  (the command line, for the tests of this folder too)
