"""The canonical model: what a retailer's systems mean, in one vocabulary, with its rules."""
