"""Making what the `seed` section of the configuration names, and never wiping anything."""
