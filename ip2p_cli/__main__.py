"""The entry point: `python -m ip2p_cli` is `ip2p`."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command line. Ctrl-C while modules are still imported ends as it does later on."""
    _open_standard_streams()
    try:
        from ip2p_cli import cli
    except KeyboardInterrupt:
        sys.stderr.write("ip2p: interrupted\n")
        sys.exit(INTERRUPTED)
    cli.main()


def _open_standard_streams() -> None:
    """Those that our parent has closed lead nowhere: the next file that is opened must not take their place."""
    while os.open(os.devnull, os.O_RDWR) <= 2:
        pass
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8"))


if __name__ == "__main__":
    main()
