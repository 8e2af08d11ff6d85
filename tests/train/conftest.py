"""Fixtures of the tests of `ip2p train`."""

from tests.commands.conftest import ip2p  # noqa: F401  (the command line, for the tests of this folder too)
from tests.eval.conftest import encoders, tiny_clip, tiny_dino  # noqa: F401  (of the metrics of a validation)
