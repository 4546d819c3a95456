"""Whoever runs the homeserver: looks at people's devices and takes them away."""

from typing import Self
from urllib.parse import quote

from tests.e2e.homeserver import Homeserver
from tests.e2e.session import Session, unique


class ServerOperator(Session):
    """A server administrator's session, on Synapse's admin API."""

    @classmethod
    async def of(cls, homeserver: Homeserver) -> Self:
        """Make an operator's account on a homeserver."""
        operator = cls(homeserver.url)
        secret = homeserver.registration_shared_secret
        await operator.register(secret, unique("operator"), admin=True)
        return operator

    async def devices(self, user_id: str) -> list[str]:
        """Return the ids of somebody's devices."""
        answer = await self.call("GET", _devices(user_id))
        return [device["device_id"] for device in answer["devices"]]

    async def log_out(self, user_id: str, device_id: str) -> None:
        """Take a device from somebody: its access token is worth nothing from then on."""
        await self.call("DELETE", f"{_devices(user_id)}/{device_id}")


def _devices(user_id: str) -> str:
    return f"/_synapse/admin/v2/users/{quote(user_id)}/devices"
