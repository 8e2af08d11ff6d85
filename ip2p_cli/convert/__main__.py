"""The converting process: `python -m ip2p_cli.convert SOURCE NEW_FOLDER`. Says why it failed as one line of JSON."""

from __future__ import annotations

import argparse
import errno
import json
import sys
from pathlib import Path

from ip2p_cli.errors import EnvironmentStop, Ip2pError


def main() -> int:
    """Convert; 0, or the exit code of the error, whose message is then on stdout as {"error": …}."""
    parser = argparse.ArgumentParser(prog="python -m ip2p_cli.convert")
    parser.add_argument("source", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--licence")
    parser.add_argument("--ema", action="store_true")
    options = parser.parse_args()
    try:
        _convert(options)
    except Ip2pError as problem:
        return _tell(problem)
    except OSError as problem:
        if problem.errno != errno.ENOSPC:
            raise
        return _tell(EnvironmentStop(f"the disk is full at {options.output.parent}: make room, then run it again"))
    return 0


def _convert(options: argparse.Namespace) -> None:
    from ip2p_cli.convert.folder import convert_folder
    from ip2p_cli.convert.ldm import convert_file

    if options.source.is_dir():
        convert_folder(options.source, options.output, ema=options.ema, licence=options.licence)
    else:
        convert_file(
            options.source, options.output, tokenizer=options.tokenizer, ema=options.ema, licence=options.licence
        )


def _tell(problem: Ip2pError) -> int:
    print(json.dumps({"error": str(problem)}))
    return problem.exit_code


if __name__ == "__main__":
    sys.exit(main())
