"""Luna: a chat-native bot that lives in Matrix and is run from one admin room."""

__version__ = "0.1.0"
