"""The sandbox's WMS: stock by site, and the directory of sites."""

from adapters.sandbox_wms.adapter import Adapter

__all__ = ["Adapter"]
