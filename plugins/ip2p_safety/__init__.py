"""Checks that look at pixels: `nsfw`, `sd-safety` and `blank`, each an entry point and a module of its own.

What they can and cannot see: docs/safety.md.
"""
