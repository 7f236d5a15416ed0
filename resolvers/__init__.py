"""What a field means: one short function per field, over a whole column of parents at once."""
