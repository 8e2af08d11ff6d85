"""One thin file a command: parse, build, run, exit code."""
