from __future__ import annotations

from tests.commands.conftest import ip2p  # noqa: F401  (the command line, for the tests of this folder too)
