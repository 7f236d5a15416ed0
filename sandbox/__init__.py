"""Stand-in ERP, WMS, CRM and identity provider of one believable fashion retailer."""
