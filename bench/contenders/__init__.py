"""What a user would run instead of the gateway, each set up for speed as its community does."""
