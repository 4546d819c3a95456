"""A backup of all that Luna needs."""

import asyncio

from lunabot.admin.call import Call
from lunabot.admin.skill import skill
from lunabot.admin.wording import bullets, sized
from lunabot.backup.contents import left_out
from lunabot.backup.live import back_up
from lunabot.errors import Refused, UserMistake

_MOST_SENT_BYTES = 100_000_000  # it is in memory twice while it is sent


@skill("backup", group="operations", examples=("backup", "backup --send"))
async def backup(call: Call, *, send: bool = False) -> str:
    """Write all I need to live on elsewhere into one encrypted file, and keep the newest five.

    The passphrase is `backup.passphrase` of the configuration; `luna restore` needs it again.

    send: send the file here, too
    """
    services = call.services
    if not services.settings.backup.passphrase.get_secret_value():
        folder = services.settings.store.secrets
        raise UserMistake(
            f"There is no passphrase: write one into `{folder}/backup_passphrase` on my machine, "
            "keep it elsewhere, too, and `!reload`. Never write it into a room."
        )
    await call.progress("Copying …")
    file = await back_up(services)
    size = file.stat().st_size
    where = file.relative_to(services.settings.folder)
    made = f"**Made a backup of {sized(size)}**: `{where}` on my machine."
    if send:
        if size > _MOST_SENT_BYTES:
            raise UserMistake(f"{made} It is too large to be sent.")
        content = await asyncio.to_thread(file.read_bytes)
        try:
            await services.account.send_file(
                call.room_id, file.name, content, "application/octet-stream"
            )
        except Refused as error:
            raise UserMistake(f"{made} It could not be sent: {error}.") from error
    return f"{made}\n\n{bullets('Not in it', left_out(services.settings))}".strip()
