"""The least a bot can cost: ``python -m bench.floor URL SECRET LOCALPART MODEL_URL``.

It joins every invitation and answers each message, all at the same time, with one call of the
model; no store, no rules, no encryption, no Matrix library. It prints a line when it is ready.
"""

import asyncio
import sys
import uuid
from typing import Any

import aiohttp

from tests.e2e.rooms import Rooms, room_path
from tests.e2e.session import CLIENT, Json, Session


class FloorBot:
    """The bot, on a session that is logged in."""

    def __init__(self, session: Session, http: aiohttp.ClientSession, model_url: str) -> None:
        self._session = session
        self._rooms = Rooms(session)
        self._http = http
        self._model_url = model_url

    async def run(self) -> None:
        """Answer what comes after now, until cancelled."""
        since = (await self._session.call("GET", f"{CLIENT}/sync", timeout="0"))["next_batch"]
        print("ready", flush=True)
        async with asyncio.TaskGroup() as tasks:
            while True:
                answer = await self._session.call(
                    "GET", f"{CLIENT}/sync", since=since, timeout="10000"
                )
                since = answer["next_batch"]
                for room in answer.get("rooms", {}).get("invite", {}):
                    tasks.create_task(self._rooms.join(room))
                for room, event in self._messages(answer):
                    tasks.create_task(self._answer(room, event["content"]["body"]))

    def _messages(self, answer: Json) -> list[tuple[str, Json]]:
        return [
            (room, event)
            for room, part in answer.get("rooms", {}).get("join", {}).items()
            for event in part["timeline"]["events"]
            if event["type"] == "m.room.message"
            and event["sender"] != self._session.identity.user_id
        ]

    async def _answer(self, room: str, question: str) -> None:
        prompt = {"model": "fake", "messages": [{"role": "user", "content": question}]}
        url = f"{self._model_url}/chat/completions"
        async with self._http.post(url, json=prompt) as response:
            completion: dict[str, Any] = await response.json()
        text = completion["choices"][0]["message"]["content"]
        path = room_path(room, f"send/m.room.message/{uuid.uuid4().hex}")
        await self._session.call("PUT", path, {"msgtype": "m.text", "body": text})


async def serve(url: str, secret: str, localpart: str, model_url: str) -> None:
    """Make the bot's account and run it until the process is ended."""
    connector = aiohttp.TCPConnector(limit=0)
    async with Session(url) as session, aiohttp.ClientSession(connector=connector) as http:
        await session.register(secret, localpart)
        await FloorBot(session, http, model_url).run()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:5]))
