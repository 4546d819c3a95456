"""From a question to the older messages that may answer it, found by words and by structure."""
