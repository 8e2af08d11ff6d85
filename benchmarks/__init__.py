"""Speed, memory and quality, measured by hand: `python -m benchmarks.NAME`. Never part of the timed tests."""
