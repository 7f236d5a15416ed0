"""The sandbox's CRM: contacts as customers, their loyalty accounts and what was said to them."""

from adapters.sandbox_crm.adapter import Adapter

__all__ = ["Adapter"]
