"""Builds what a running Luna stands on, in order, and takes it down in the reverse."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack

import aiohttp

from lunabot import renewal
from lunabot.config import Settings
from lunabot.errors import Misconfigured, WorldError
from lunabot.foundation import Foundation
from lunabot.homeserver.http import HomeserverClient
from lunabot.homeserver.synapse import ManagedSynapse
from lunabot.llm.source import ModelSource
from lunabot.luna import Luna
from lunabot.memory.memory import Memory
from lunabot.startup import start
from lunabot.stopping import Stopped, Stopping
from lunabot.tasks import Tasks

log = logging.getLogger(__name__)

_FAREWELL_TRAVELS_S = 0.25
_FIRST_WORD_S = 3.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 2.0, 60.0


async def live(
    settings: Settings, load: Callable[[], Settings], stopping: Stopping, say: Callable[[str], None]
) -> None:
    """Start Luna, serve until asked to stop, stop in order; begin anew where that was asked for.

    `load` reads the configuration anew for a reload; `say` writes a line for whoever started her.
    Raises `WorldError` for what only a person can mend; a server out of reach is waited for.
    """
    begins = True
    while begins:
        async with AsyncExitStack() as stack:
            with contextlib.suppress(Stopped):
                base = await _lay(settings, load, stopping, say, stack)
                await _serve(base)
        begins = stopping.begin_again()


async def _lay(
    settings: Settings,
    load: Callable[[], Settings],
    stopping: Stopping,
    say: Callable[[str], None],
    stack: AsyncExitStack,
) -> Foundation:
    """Open what Luna stands on; the stack closes it."""
    watchers = Tasks()
    models = ModelSource(watchers)
    stack.push_async_callback(models.close)
    memory = await Memory.open(settings.state_path, settings.archive_path)
    stack.push_async_callback(memory.close)
    session = await stack.enter_async_context(aiohttp.ClientSession())
    stack.push_async_callback(watchers.close)
    secret = settings.homeserver.registration_shared_secret.get_secret_value()
    if settings.homeserver.managed:
        home = settings.homeserver
        synapse = ManagedSynapse(settings.data / "synapse", home.url, home.name)
        if await renewal.complete(settings, synapse, memory):
            say("Emptied the local Synapse, as was ordered.")
        stack.push_async_callback(_stop_after_the_farewell, synapse)
        say("Starting the local Synapse …")
        await stopping.unless_asked(synapse.start())
        watchers.start(synapse.watch(), "homeserver")
        secret = synapse.registration_shared_secret
    http = HomeserverClient(settings.homeserver.url, session)
    return Foundation(settings, load, http, session, secret, memory, models, stopping, say)


async def _stop_after_the_farewell(synapse: ManagedSynapse) -> None:
    """Stop it when the clients' open polls have had time to bring what was said last."""
    await asyncio.sleep(_FAREWELL_TRAVELS_S)
    await synapse.stop()


async def _serve(base: Foundation) -> None:
    """Run Luna, again and again where her session is lost or the server out of reach."""
    pause = _FIRST_PAUSE_S
    while not base.stopping.asked:
        try:
            luna = await base.stopping.unless_asked(_reach_and_start(base))
        except Misconfigured:
            raise
        except WorldError as error:
            base.say(f"{error}. Trying again in {pause:.0f} s.")
            await base.stopping.unless_asked(asyncio.sleep(pause))
            pause = min(pause * 2, _LONGEST_PAUSE_S)
            continue
        pause = _FIRST_PAUSE_S
        await luna.serve()


async def _reach_and_start(base: Foundation) -> Luna:
    # Whoever mistyped the address learns of it now, not when the patience of all calls is over.
    await base.http.call("GET", "/_matrix/client/versions", patience_s=_FIRST_WORD_S)
    return await start(base)
