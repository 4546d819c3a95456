"""Personas: Matrix users with characters of their own, summoned and dismissed by command."""
