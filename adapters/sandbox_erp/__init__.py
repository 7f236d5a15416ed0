"""The sandbox's ERP: styles and variants, prices, sales orders."""

from adapters.sandbox_erp.adapter import Adapter

__all__ = ["Adapter"]
