"""Somebody's session on a homeserver, over plain HTTP: register, log in, call."""

import asyncio
import hashlib
import hmac
import io
import secrets
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
from yarl import URL

Json = dict[str, Any]
CLIENT = "/_matrix/client/v3"
REGISTER = "/_synapse/admin/v1/register"
PASSWORD = "a password of the tests"
ATTEMPTS = 20


def unique(word: str) -> str:
    """Return a localpart nobody has: tests share one homeserver."""
    return f"{word}-{secrets.token_hex(4)}"


class MatrixError(Exception):
    """The homeserver refused: its HTTP status, error code and text."""

    def __init__(self, status: int, body: Json) -> None:
        self.status = status
        self.errcode = str(body.get("errcode", "M_UNKNOWN"))
        super().__init__(f"{status} {self.errcode}: {body.get('error')}")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a session belongs to."""

    user_id: str
    device_id: str
    access_token: str


class Session:
    """A homeserver's address and, after registering or logging in, an identity on it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.identity = Identity("", "", "")
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=90)
        )

    async def close(self) -> None:
        """Close the connections; the access token stays valid."""
        await self._http.close()

    async def call(self, method: str, path: str, body: object = None, **query: str) -> Json:
        """Return the answer to one request to a path that is quoted already.

        A rate limit is waited out. Raises MatrixError for a refusal and aiohttp.ClientError for a
        server that does not answer.
        """
        headers = self._headers()
        url = URL(self.url + path, encoded=True).update_query(query)
        for _ in range(ATTEMPTS):
            async with self._http.request(method, url, json=body, headers=headers) as response:
                answer: Json = await response.json()
            if response.status < 400:
                return answer
            if response.status != 429:
                break
            await asyncio.sleep(answer.get("retry_after_ms", 500) / 1000)
        raise MatrixError(response.status, answer)

    async def upload(self, data: bytes, mimetype: str) -> str:
        """Store a file on the homeserver; return its address."""
        headers = self._headers() | {"Content-Type": mimetype}
        url = f"{self.url}/_matrix/media/v3/upload"
        async with self._http.post(url, data=io.BytesIO(data), headers=headers) as response:
            return str((await response.json())["content_uri"])

    async def download(self, uri: str) -> bytes:
        """Return the content of a file by its address."""
        url = f"{self.url}/_matrix/client/v1/media/download/{uri.removeprefix('mxc://')}"
        async with self._http.get(url, headers=self._headers()) as response:
            response.raise_for_status()
            return await response.read()

    def _headers(self) -> dict[str, str]:
        token = self.identity.access_token
        return {"Authorization": f"Bearer {token}"} if token else {}

    async def register(self, secret: str, localpart: str, *, admin: bool = False) -> None:
        """Make an account with the server's registration shared secret and become it."""
        nonce = (await self.call("GET", REGISTER))["nonce"]
        role = "admin" if admin else "notadmin"
        parts = (nonce, localpart, PASSWORD, role)
        mac = hmac.new(secret.encode(), "\0".join(parts).encode(), hashlib.sha1).hexdigest()
        account = {"username": localpart, "password": PASSWORD, "admin": admin}
        await self._become("POST", REGISTER, {**account, "nonce": nonce, "mac": mac})

    async def log_in(self, localpart: str, password: str = PASSWORD) -> None:
        """Log in and become that account's new device."""
        identifier = {"type": "m.id.user", "user": localpart}
        body = {"type": "m.login.password", "identifier": identifier, "password": password}
        await self._become("POST", f"{CLIENT}/login", body)

    async def _become(self, method: str, path: str, body: Json) -> None:
        answer = await self.call(method, path, body)
        self.identity = Identity(answer["user_id"], answer["device_id"], answer["access_token"])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
