"""What `docker/` promises, as far as it can be shown without an engine.

Compose itself reads the files, by the specification's schema; hadolint reads the Dockerfile and
shellcheck the scripts; `docker/prove.sh`, by hand, builds the image's steps and starts Luna.
"""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.homeserver import SynapseContainer, SynapseProcess, chosen_homeserver

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
PROGRAMS = Path(sys.executable).parent
SECRETS = ("POSTGRES_PASSWORD", "REGISTRATION_SHARED_SECRET", "ADMIN_PASSWORD")
ODD = """it's "odd" \\ # %s"""


def said(*command: str | Path, **environment: str) -> str:
    """Return what a program prints; AssertionError with its errors when it fails."""
    everything = {**os.environ, **environment}
    done = subprocess.run(command, capture_output=True, text=True, env=everything)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def composed(file: str, *options: str | Path, **environment: str) -> dict[str, Any]:
    """Return the services of a compose file as compose understands it."""
    compose = [PROGRAMS / "docker-compose", "-f", DOCKER / file, *options]
    text = said(*compose, "config", "--format", "json", **environment)
    services: dict[str, Any] = json.loads(text)["services"]
    return services


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All services of ``compose.yaml`` with the example's .env, its secrets filled in."""
    example = (DOCKER / ".env.example").read_text()
    filled = re.sub(r"^(\w+(?:PASSWORD|SECRET))=$", r"\1=filled-in", example, flags=re.MULTILINE)
    file = tmp_path_factory.mktemp("compose") / ".env"
    file.write_text(filled)
    return composed("compose.yaml", "--env-file", file, "--profile", "*")


def test_the_dockerfile_and_the_scripts_are_clean() -> None:
    said(PROGRAMS / "hadolint", "--failure-threshold", "style", DOCKER / "Dockerfile")
    said(PROGRAMS / "shellcheck", *DOCKER.rglob("*.sh"))


def test_the_build_context_is_what_the_dockerfile_copies() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile(), re.MULTILINE)
    wanted = {source for line in copied for source in line.split()}
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == wanted
    assert "*" in ignored


def test_the_proof_knows_every_instruction() -> None:
    instructions = set(re.findall(r"^([A-Z]+) ", dockerfile(), re.MULTILINE))
    known = set(re.findall(r"^ +([A-Z]+)\) ", (DOCKER / "prove.sh").read_text(), re.MULTILINE))
    assert instructions == known


def test_nothing_starts_before_what_it_needs_is_healthy(services: dict[str, Any]) -> None:
    assert needs(services["synapse"]) == {"database": "service_healthy"}
    assert needs(services["administrator"]) == {"synapse": "service_healthy"}
    assert needs(services["luna"]) == {
        "synapse": "service_healthy",
        "administrator": "service_completed_successfully",
        "model": "service_healthy",
    }
    assert not services["luna"]["depends_on"]["model"]["required"]
    for name in ("database", "synapse", "model"):
        assert services[name]["healthcheck"]["test"], name


def test_luna_is_locked_in_and_nothing_is_open_to_the_network(services: dict[str, Any]) -> None:
    luna = services["luna"]
    assert luna["read_only"]
    assert luna["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in luna["security_opt"]
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


@pytest.mark.parametrize("missing", SECRETS)
def test_a_secret_that_is_not_filled_in_is_named(missing: str, tmp_path: Path) -> None:
    values = {"SERVER_NAME": "localhost", **dict.fromkeys(SECRETS, "x"), missing: ""}
    file = tmp_path / ".env"
    file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    with pytest.raises(AssertionError, match=f"{missing} is missing a value: fill it in"):
        composed("compose.yaml", "--env-file", file)


def test_the_example_lists_what_compose_asks_for() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (DOCKER / "compose.yaml").read_text()))
    listed = set(re.findall(r"^(\w+)=", (DOCKER / ".env.example").read_text(), re.MULTILINE))
    assert listed - asked == {"COMPOSE_PROFILES"}
    assert asked <= listed


def test_the_throwaway_homeserver_is_read_by_compose() -> None:
    (synapse,) = composed("compose.test.yaml", LUNA_E2E_SECRET="x").values()
    (port,) = synapse["ports"]
    assert (port["host_ip"], port["target"], port.get("published")) == ("127.0.0.1", 8008, None)


@pytest.mark.parametrize("settings", ["homeserver.yaml", "test.yaml"])
def test_synapse_gets_a_sound_configuration_whose_secrets_stay(
    settings: str, tmp_path: Path
) -> None:
    (tmp_path / "start.py").write_text('#!/bin/sh\nshift\nprintf "%s\\n" "$@"\n')
    (tmp_path / "start.py").chmod(0o700)
    data = tmp_path / "data"
    data.mkdir()
    first = synapse_arguments(data, settings)
    kept = {file.name: file.read_bytes() for file in data.iterdir()}
    assert synapse_arguments(data, settings) == first
    assert {file.name: file.read_bytes() for file in data.iterdir()} == kept
    assert {stat.S_IMODE(file.stat().st_mode) for file in data.iterdir()} == {0o600}
    key = "registration.registration_shared_secret"
    read = said(sys.executable, "-m", "synapse.config", "read", key, *first)
    assert f"{key}: {ODD}\n" in read


def synapse_arguments(data: Path, settings: str) -> list[str]:
    """Let start.sh prepare a folder; return the arguments that Synapse would get."""
    output = said(
        "sh",
        DOCKER / "synapse/start.sh",
        DOCKER / "synapse" / settings,
        PATH=f"{PROGRAMS}:{os.environ['PATH']}",
        SYNAPSE_DATA=str(data),
        SYNAPSE_START=str(data.parent / "start.py"),
        SERVER_NAME="example.org",
        REGISTRATION_SHARED_SECRET=ODD,
    )
    return output.splitlines()


class TestTheHomeserverOfTheTests:
    @pytest.fixture
    def calls(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A file of what `docker` was told; its engine answers unless there is a file `down`."""
        calls = tmp_path / "calls"
        docker = tmp_path / "docker"
        docker.write_text(
            f'#!/bin/sh\necho "$LUNA_E2E_SECRET $*" >>{calls}\n'
            f'case "$*" in info*) [ ! -e {tmp_path}/down ] ;; *port*) echo 127.0.0.1:4711 ;; esac\n'
        )
        docker.chmod(0o700)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        monkeypatch.delenv("LUNA_E2E", raising=False)
        return calls

    def test_is_a_container_where_an_engine_answers(
        self, calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert isinstance(chosen_homeserver(tmp_path), SynapseContainer)
        monkeypatch.setenv("LUNA_E2E", "process")
        assert isinstance(chosen_homeserver(tmp_path), SynapseProcess)

    def test_is_a_process_where_none_does(
        self, calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "down").touch()
        assert isinstance(chosen_homeserver(tmp_path), SynapseProcess)
        monkeypatch.setenv("LUNA_E2E", "podman")
        with pytest.raises(ValueError, match="expected process, docker or http"):
            chosen_homeserver(tmp_path)

    async def test_as_a_container_is_gone_when_it_is_stopped(self, calls: Path) -> None:
        container = SynapseContainer()
        await container.start()
        assert container.url == "http://127.0.0.1:4711"
        await container.stop()
        up, port, down = lines(calls)
        begin = rf"{container.registration_shared_secret} compose -f \S+ -p (luna-test-\w+) "
        (project,) = {re.findall(begin, line)[0] for line in (up, port, down)}
        assert up.endswith(f"{project} up --wait --quiet-pull")
        assert down.endswith(f"{project} down --volumes")


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines()


def dockerfile() -> str:
    return (DOCKER / "Dockerfile").read_text()


def needs(service: dict[str, Any]) -> dict[str, str]:
    """Return what a service waits for, and until when."""
    return {name: needed["condition"] for name, needed in service["depends_on"].items()}
