"""What administrators may wipe: each scope tells what would go, and then takes it."""
