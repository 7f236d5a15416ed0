"""The hand-written endpoint on Starlette, aiohttp and orjson: what the gateway is measured by."""
