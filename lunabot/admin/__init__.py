"""The admin room: from a typed line to an audited command."""
