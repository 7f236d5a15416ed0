"""How an operation runs: its context, its batches, its limits, and what it answers."""
