"""What a local Synapse is told: the whole of its configuration, as plain data.

Options: Synapse documentation, "Configuring Synapse". Secrets are in files of their own, so the
configuration itself may be read by anybody.
"""

from pathlib import Path
from typing import Any

_UNLIMITED = {"per_second": 10_000, "burst_count": 10_000}


def synapse_settings(server_name: str, host: str, port: int, folder: Path) -> dict[str, Any]:
    """Return the configuration of a server that listens at `host` and `port` alone.

    `folder` holds its database, media, keys and secrets.
    """
    listener = {"type": "http", "port": port, "bind_addresses": [host]}
    return {
        "server_name": server_name,
        "listeners": [listener | {"resources": [{"names": ["client"], "compress": False}]}],
        "database": {"name": "sqlite3", "args": {"database": str(folder / "homeserver.db")}},
        "media_store_path": str(folder / "media"),
        "log_config": str(folder / "log.yaml"),
        "signing_key_path": str(folder / "signing.key"),
        "registration_shared_secret_path": str(folder / "registration_shared_secret"),
        "macaroon_secret_key_path": str(folder / "macaroon_secret_key"),
        "form_secret_path": str(folder / "form_secret"),
        **_POLICY,
    }


_POLICY: dict[str, Any] = {
    # Nobody else's business: no federation, no statistics, nothing fetched, no words in pushes.
    "federation_domain_whitelist": [],
    "trusted_key_servers": [],
    "suppress_key_server_warning": True,
    "report_stats": False,
    "enable_metrics": False,
    "url_preview_enabled": False,
    "push": {"include_content": False},
    # Accounts are made by Luna alone.
    "enable_registration": False,
    "allow_guest_access": False,
    # Hashing is slow to protect weak passwords (0.4 s at the default of 12, 25 ms at 8). These
    # are generated, 140 random bits: nobody guesses one, however fast the hash.
    "bcrypt_rounds": 8,
    # A household finds each other, Luna, her personas and public rooms by name.
    "user_directory": {"search_all_users": True},
    "room_list_publication_rules": [{"action": "allow"}],
    "presence": {"enabled": False},  # the costliest part of an idle server
    # A new database gets some 65 indexes in the background, with a second's pause after each; for
    # its first minute syncs are slow and a deactivated account cannot come back (HTTP status 500).
    "background_updates": {"sleep_duration_ms": 10},
    "max_upload_size": "50M",
    # A bot is never to wait for its own server. `rc_login.failed_attempts`, the one limit that
    # only somebody who guesses passwords meets, stays at its default.
    "rc_message": _UNLIMITED,
    "rc_registration": _UNLIMITED,
    "rc_login": {"address": _UNLIMITED, "account": _UNLIMITED},
    "rc_admin_redaction": _UNLIMITED,
    "rc_joins": {"local": _UNLIMITED, "remote": _UNLIMITED},
    "rc_joins_per_room": _UNLIMITED,
    "rc_key_requests": _UNLIMITED,
    "rc_invites": {"per_room": _UNLIMITED, "per_user": _UNLIMITED, "per_issuer": _UNLIMITED},
    "rc_media_create": _UNLIMITED,
    "rc_room_creation": _UNLIMITED,
    "rc_user_directory": _UNLIMITED,
    "rc_profile": _UNLIMITED,
    "rc_reports": _UNLIMITED,
    "rc_delayed_event_mgmt": _UNLIMITED,
}

SYNAPSE_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"level": "WARNING", "handlers": ["console"]},  # each request is a line at INFO
}
