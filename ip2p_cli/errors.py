"""Errors a user can act on. Each names the thing, the reason and the way out, and carries its exit code."""

from __future__ import annotations

EXIT_OK = 0
EXIT_ITEMS_FAILED = 1
EXIT_USAGE = 2
EXIT_ENVIRONMENT = 4
EXIT_BUSY = 5
EXIT_BUG = 70


class Ip2pError(Exception):
    """Base of every error whose message is meant for the user: one line, no traceback."""

    exit_code = EXIT_USAGE


class UsageError(Ip2pError):
    """Options, names or files given on the command line do not make sense together."""


class RecipeError(UsageError):
    """A recipe is not valid TOML, has an unknown key, or asks for something that is not installed."""


class ModelError(Ip2pError):
    """A checkpoint cannot be found, or is not one that the editor can run."""


class ModelNotHere(ModelError):
    """A hub model is not in the local cache, and the network is not to be asked."""


class MissingExtra(Ip2pError):
    """A feature needs an extra that is not installed; the message holds the pip command."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an extra: pip install 'ip2p[{extra}]'")


class ItemError(Ip2pError):
    """One photo cannot be read, edited or written; the others go on."""

    exit_code = EXIT_ITEMS_FAILED


class NonFiniteResult(ItemError):
    """The network gave NaN or infinity for one photo, also in float32."""


class EnvironmentStop(Ip2pError):
    """The environment stopped the run (disk full, device lost): run the same command again to go on."""

    exit_code = EXIT_ENVIRONMENT


class OutputBusy(Ip2pError):
    """Another run with other settings is writing this output folder."""

    exit_code = EXIT_BUSY
