"""Benchmarks: run from the project's root, both sides of a comparison in turn."""
