"""The command line: `luna up`, `check`, `stop`, `backup` and `restore`."""

import argparse
import asyncio
import getpass
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from lunabot import __version__
from lunabot.config import ConfigError, Settings, load_settings
from lunabot.errors import LunaError, Misconfigured, WorldError
from lunabot.instance import Instance, request_shutdown, running_pid, wait_until_gone

_USAGE_ERROR = 2  # as argparse has it; nothing was started


def main() -> None:
    """Run `luna` and exit: 0 after a clean stop, 1 for the world's faults, 2 for configuration."""
    parser = argparse.ArgumentParser(prog="luna", description="A bot that lives in Matrix.")
    parser.add_argument("--version", action="version", version=f"luna {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, (_, purpose) in (_VERBS | _FILE_VERBS).items():
        of_verb = verbs.add_parser(verb, help=purpose, description=purpose)
        of_verb.add_argument("--config", type=Path, default=Path("config.yaml"), metavar="FILE")
        if verb in _FILE_VERBS:
            of_verb.add_argument("file", type=Path, metavar="BACKUP")
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C before she listens: no traceback
    os.umask(0o077)  # whatever is written, stores and logs too, is for this user alone
    try:
        if arguments.verb in _FILE_VERBS:
            sys.exit(_FILE_VERBS[arguments.verb][0](arguments.config, arguments.file))
        sys.exit(_VERBS[arguments.verb][0](arguments.config))
    except ConfigError as error:
        for line in error.lines:
            _complain(line)
        sys.exit(_USAGE_ERROR)
    except LunaError as error:
        _complain(str(error))
        sys.exit(1)


def _up(config: Path) -> int:
    from lunabot.allocator import share_one_pool
    from lunabot.app import live  # takes a second: not for `luna stop` or a faulty configuration
    from lunabot.logs import start_logging
    from lunabot.open_files import allow_many
    from lunabot.stopping import Stopping

    async def run(instance: Instance) -> None:
        stopping = Stopping()
        stopping.on_signals(instance.stop_reason)
        await live(settings, lambda: load_settings(config), stopping, _say)

    settings = load_settings(config)
    for warning in settings.warnings:
        _complain(warning)
    with Instance(settings.data) as instance:
        share_one_pool()
        allow_many()
        start_logging(settings.data / "logs")
        asyncio.run(run(instance))
    return 0


def _check(config: Path) -> int:
    from lunabot.check import check

    settings = load_settings(config)
    faults = 0
    for line in asyncio.run(check(settings)):
        _say(str(line))
        faults += not line.ok
    return 1 if faults else 0


def _stop(config: Path) -> int:
    data = Settings().placed(config.parent).data  # by now the file itself may be faulty
    if not request_shutdown("somebody typed luna stop", data):
        _say(f"No Luna runs on {data}.")
        return 0
    if wait_until_gone(data, timeout_s=10):
        _say("Luna has stopped.")
        return 0
    _complain("Luna was asked to stop and still runs: her log tells more.")
    return 1


def _backup(config: Path, file: Path) -> int:
    from lunabot.backup.contents import left_out
    from lunabot.backup.making import make_backup

    settings = load_settings(config)
    if running_pid(settings.data):
        raise WorldError("Luna runs: give her the command /backup, or stop her first")
    with Instance(settings.data):
        size = make_backup(settings, file)
    _say(f"Made {file}, {size / 1e6:.1f} MB.")
    for line in left_out(settings):
        _say(f"Not in it: {line}")
    return 0


def _restore(config: Path, file: Path) -> int:
    from lunabot.backup.restoring import restore_backup

    restored = restore_backup(file, _passphrase(), config)
    folder = config.absolute().parent
    _say(f"Restored {restored.files} files of {restored.manifest.made} to {folder}.")
    _say(f"Start Luna there with: luna up --config {config}")
    _say("The Luna whose backup it is must never run again: two with the same keys break both.")
    return 0


def _passphrase() -> str:
    """Return the passphrase of the environment, or else as it is typed."""
    if given := os.environ.get("LUNA_BACKUP__PASSPHRASE"):
        return given
    if not sys.stdin.isatty():
        raise Misconfigured("Set LUNA_BACKUP__PASSPHRASE to the passphrase of the backup")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the terminal is to echo again
    try:
        return getpass.getpass("Passphrase of the backup: ")
    except (KeyboardInterrupt, EOFError):
        raise WorldError("Nothing was restored") from None


_VERBS: dict[str, tuple[Callable[[Path], int], str]] = {
    "up": (_up, "Start Luna and serve until she is stopped."),
    "check": (_check, "Say what is wrong with the configuration or the server; change nothing."),
    "stop": (_stop, "Stop the Luna that runs on this configuration."),
}
_FILE_VERBS: dict[str, tuple[Callable[[Path, Path], int], str]] = {
    "backup": (_backup, "Write all that a stopped Luna needs into one encrypted file."),
    "restore": (_restore, "Put a backup into the folder of a configuration, which must be empty."),
}


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _complain(line: str) -> None:
    sys.stderr.write(f"luna: {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
