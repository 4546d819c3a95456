"""The homeserver Luna lives on: its admin API, and a local Synapse as a child process."""
