"""The published GraphQL types: one file per noun, each naming the domain class it publishes."""
