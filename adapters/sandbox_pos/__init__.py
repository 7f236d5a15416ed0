"""The sandbox's tills: receipts as orders, by their numbers and by the card that was shown."""

from adapters.sandbox_pos.adapter import Adapter

__all__ = ["Adapter"]
