"""How current clients see a device of Luna's."""

from lunabot.matrix.published_keys import PublishedKeys, is_signed_by, public_key


def is_signed_by_owner(keys: PublishedKeys, device_id: str) -> bool:
    """Tell whether a device is cross-signed: by the self-signing key that the master signed.

    This is the rule of MSC4153. It proves that whoever holds the master key wanted this device, not
    whose the master key is.
    """
    device, self_signing = keys.devices.get(device_id, {}), public_key(keys.self_signing)
    return (
        is_signed_by(keys.self_signing, keys.user_id, keys.master_key)
        and is_signed_by(device, keys.user_id, self_signing)
        and is_signed_by(device, keys.user_id, keys.device_key(device_id), device_id)
    )
