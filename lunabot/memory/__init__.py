"""What Luna knows (TinyDB) and what happened (SQLite)."""
