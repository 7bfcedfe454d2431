"""The page and the API (extra: serve)."""
