"""How Luna is, for monitors: `/healthz`, and `/metrics` for Prometheus."""
