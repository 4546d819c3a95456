"""Tests of `lunabot.memory.retrieval`."""
