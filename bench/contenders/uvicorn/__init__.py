"""Bare uvicorn, which answers the same bytes to everything."""
