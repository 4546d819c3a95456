"""Charts that a phone can read: from a few numbers to a PNG. Pure; each takes some milliseconds."""
