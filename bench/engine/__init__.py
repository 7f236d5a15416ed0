"""The engine alone: data in memory, JSON included, against a hand-written bound and graphql-js."""
