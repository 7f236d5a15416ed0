"""A plain Strawberry application with its caches, aiohttp and aiodataloader."""
