"""Without a model Luna lives, and says what to set whenever she is asked something."""

import pytest

from lunabot.llm.absent import NoModel
from lunabot.llm.errors import ModelError
from lunabot.llm.turns import ChatTurn

SAID = (
    r"no model is set up \(the weights are missing\): "
    r"set llm\.base_url, llm\.api_key and llm\.model"
)


async def test_it_says_why_and_what_to_set() -> None:
    model = NoModel("the weights are missing")
    with pytest.raises(ModelError, match=SAID):
        await model.complete([ChatTurn("user", "hello")])
    with pytest.raises(ModelError, match=SAID):
        await model.check()
    await model.close()


def test_health_can_name_it() -> None:
    model = NoModel("the weights are missing")
    assert (model.model, model.host) == ("none", "nowhere")
