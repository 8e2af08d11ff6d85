"""Editors of the drawn world, judged by the oracle that reads its pictures (docs/world.md)."""
