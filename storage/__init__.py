"""What the gateway owns: its database, and what several processes share, behind domain's ports."""
