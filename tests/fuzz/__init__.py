"""Hostile and broken input: whatever strangers, models and damaged files can hold."""
