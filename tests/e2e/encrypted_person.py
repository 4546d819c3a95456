"""A person whose client encrypts, on nio."""

import copy

from nio import AsyncClient, AsyncClientConfig, RoomSendResponse, SyncResponse
from nio.store import SqliteMemoryStore

from tests.e2e.person import Person
from tests.e2e.session import Json, Session
from tests.e2e.waiting import until


class EncryptedPerson(Person):
    """A person who reads and writes encrypted rooms too.

    In the timeline an encrypted event stands decrypted, marked by ``"decrypted": True``; one that
    cannot be decrypted stays as it came. Messages go to every device of the room's members,
    verified or not. The keys live in memory and end with the person.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        config = AsyncClientConfig(store=SqliteMemoryStore, encryption_enabled=True)
        self._client = AsyncClient(session.url, config=config)

    async def start(self) -> None:
        """Publish the device's keys and begin to follow the account's rooms."""
        identity = self.session.identity
        self._client.restore_login(identity.user_id, identity.device_id, identity.access_token)
        await self._client.keys_upload()
        await super().start()

    async def close(self) -> None:
        """Stop following and close the connections of both clients."""
        await super().close()
        await self._client.close()

    async def _take(self, answer: Json) -> None:
        """Decrypt what a sync brought, in place, and keep up with the keys it calls for."""
        response = SyncResponse.from_dict(copy.deepcopy(answer))  # nio takes its input apart
        await self._client.receive_response(response)
        for room, part in response.rooms.join.items():
            decrypted = {
                event.event_id: {**event.source, "decrypted": True}
                for event in part.timeline.events
                if getattr(event, "decrypted", False)
            }
            events = answer["rooms"]["join"][room]["timeline"]["events"]
            events[:] = [decrypted.get(event["event_id"], event) for event in events]
        await super()._take(answer)
        await self._keep_keys()

    async def _keep_keys(self) -> None:
        client = self._client
        await client.send_to_device_messages()
        if client.should_upload_keys:
            await client.keys_upload()
        if client.should_query_keys:
            await client.keys_query()
        if client.should_claim_keys:
            await client.keys_claim(client.get_users_for_key_claiming())

    async def send_event(self, room: str, kind: str, content: Json) -> str:
        """Send an event, encrypted where the room is; reactions always go in the clear."""
        await until(lambda: room in self._client.rooms, 10, f"{room} in a sync")
        response = await self._client.room_send(room, kind, content, ignore_unverified_devices=True)
        assert isinstance(response, RoomSendResponse), response
        return str(response.event_id)

    async def react_encrypted(self, room: str, event_id: str, key: str) -> str:
        """React as the clients do that encrypt reactions, in a room where this one has spoken."""
        relates_to = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        kind, content = self._client.encrypt(room, "m.reaction", {"m.relates_to": relates_to})
        return await super().send_event(room, kind, content)
