"""One run of the rig in a process of its own, to be traced: `python -m tests.proofs.worker ROOT`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ip2p_cli.errors import Ip2pError
from tests.proofs.rig import Rig


def main(root: str) -> int:
    """Run; the exit code as the command line gives it."""
    try:
        Rig(Path(root)).run()
    except Ip2pError as problem:
        os.writev(2, [str(problem).encode()])  # not the system call write, which may be made to fail
        return problem.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
