"""What was said, in fewer words: chapters, lenses, notes."""
