# `just` lists these.
default:
    @just --list

# everything that CI checks, in the present environment
check: lint types test

lint:
    ruff check . && ruff format --check .

format:
    ruff check --fix . && ruff format .

types:
    mypy

test *ARGS:
    pytest {{ARGS}}

# the long proofs
slow:
    pytest -m slow

# pages and pictures that are made from the program
docs:
    python docs/make_cli.py
    python docs/pictures/make.py

# how well the shipped model follows instructions, on your photos
measure PHOTOS:
    ip2p eval {{PHOTOS}} --suite looks --model mini -o report/
