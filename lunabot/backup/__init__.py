"""Backup and restore: all that Luna needs to live on elsewhere, in one encrypted file."""
