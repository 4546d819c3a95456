"""Reading the configuration and the skills anew while Luna runs: all of it or nothing."""

import asyncio
from collections.abc import Callable, Iterator

from lunabot.admin.loader import LoadedSkills, builtin_folder, load_skills
from lunabot.admin.services import Services
from lunabot.config import ConfigError, Settings
from lunabot.errors import UserMistake, WorldError
from lunabot.llm.source import ModelSource

_AT_START_ONLY = ("homeserver", "metrics", "store")
_DEFAULT = "skills"  # named by default: an installed Luna brings hers along, and needs none beside


async def load_all_skills(settings: Settings) -> LoadedSkills:
    """Load the skills that come with Luna and those the configuration names."""
    own = [path for path in settings.skill_paths if path.is_dir() or path.name != _DEFAULT]
    folders = [builtin_folder(), *own]
    return await asyncio.to_thread(load_skills, folders)


async def reload(services: Services, load: Callable[[], Settings], models: ModelSource) -> str:
    """Take over a changed configuration and changed skills; return what happened.

    Raises `UserMistake` with every fault, and then nothing has changed.
    """
    try:
        settings = await asyncio.to_thread(load)
    except ConfigError as error:
        raise UserMistake(_faults(error.lines)) from error
    loaded = await load_all_skills(settings)
    if loaded.problems:
        raise UserMistake(_faults(loaded.problems))
    before, before_model = services.settings, services.model
    model = before_model
    if settings.llm != before.llm or settings.context != before.context:
        model = await models.open(settings)
    services.settings, services.registry, services.model = settings, loaded.registry, model
    services.problems.solve("skills")
    later = list(_needing_a_restart(before, settings))
    done = f"Read anew: the configuration and {len(loaded.registry.skills)} commands."
    if later:
        done += f" After the next start only: {', '.join(f'`{key}`' for key in later)}."
    warnings = list(settings.warnings)
    if model is not before_model:
        warnings += await _model_problem(services)
    return "\n\n".join([done, *(f"⚠️ {warning}" for warning in warnings)])


async def _model_problem(services: Services) -> list[str]:
    """Try the model, and note what is wrong with it: a mistyped key shows here, not hours later."""
    services.problems.solve("model")
    try:
        await services.model.check()
    except WorldError as error:
        services.problems.report("model", str(error), quietly=True)
        return [f"**model**: {error}"]
    return []


def _needing_a_restart(before: Settings, after: Settings) -> Iterator[str]:
    for section in _AT_START_ONLY:
        if getattr(before, section) != getattr(after, section):
            yield section
    if before.memory.embeddings != after.memory.embeddings:
        yield "memory.embeddings"
    if before.admin.room != after.admin.room:
        yield "admin.room"
    if before.luna.user != after.luna.user:
        yield "luna.user"


def _faults(lines: tuple[str, ...]) -> str:
    listed = "\n".join(f"- {line}" for line in lines)
    return f"Nothing was changed, because something is wrong:\n{listed}"
