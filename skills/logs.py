"""The log of this process."""

import asyncio

from lunabot.admin.call import Call
from lunabot.admin.skill import skill
from lunabot.admin.wording import counted, sized
from lunabot.errors import UserMistake
from lunabot.logs import log_file


@skill("rotate_logs", group="operations", examples=("rotate_logs", "rotate_logs --send"))
async def rotate_logs(call: Call, *, send: bool = False) -> str:
    """Begin the log anew, compress what it held, and keep the newest five.

    I do so by myself when it is large. It holds no messages of people, passwords or keys.

    send: send what it held as a file, too
    """
    log = log_file()
    if log is None:
        raise UserMistake("I was started without a log file.")
    kept = await asyncio.wrap_future(log.begin_anew())
    if not kept:
        return "**The log is empty**: nothing was rotated."
    newest = kept[-1]
    if send:
        content = await asyncio.to_thread(newest.read_bytes)
        await call.services.account.send_file(
            call.room_id, newest.name, content, "application/gzip"
        )
    size = sized(sum(file.stat().st_size for file in kept))
    return (
        f"**The log begins anew.** What it held is `{newest.name}`, on my machine. "
        f"{counted(len(kept), 'earlier log')} kept, {size} in all."
    )
