"""The door: GraphQL over HTTP, what is refused before anything runs, and the pages beside it."""
