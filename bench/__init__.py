"""Measures the gateway against what a user would pick instead, all on one wire, in one run."""
