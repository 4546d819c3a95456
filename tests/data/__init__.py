"""The stores as each released version wrote them, kept for ever: see `make` and `test_upgrades`."""
