# `just` lists these. Each is one command that also works without just.

# Tests that everybody runs
test *arguments:
    python -m pytest {{arguments}}

# All tests, also the slow ones
test-all:
    python -m pytest -m ''

# Style and types
check:
    ruff format --check .
    ruff check .
    mypy

# Bring the style in order
format:
    ruff format .
    ruff check --fix .

# Speed and memory beside peers: `just bench --list`
bench *arguments:
    python -m benchmarks {{arguments}}

# The recipes that come with ip2p
recipes:
    python -m ip2p_cli recipes validate recipes/*.toml

# A wheel, and what is in it
wheel:
    python -m pip wheel --no-deps --wheel-dir dist .
    python -m zipfile -l dist/ip2p-*.whl
