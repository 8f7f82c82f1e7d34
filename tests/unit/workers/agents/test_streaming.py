"""Which models are listened to while they write."""

from __future__ import annotations

from langchain_core.language_models import BaseChatModel, FakeListChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from workers.agents.graph import writes_in_pieces


class _AllAtOnce(BaseChatModel):
    """Has no way to say a part of it."""

    @property
    def _llm_type(self) -> str:
        return "all at once"

    def _generate(self, messages: list[BaseMessage], *_: object, **__: object) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(messages[0].text))])


def test_a_model_that_can_write_in_pieces_is_listened_to() -> None:
    """People read along."""
    assert writes_in_pieces(FakeListChatModel(responses=["yes"]))


def test_one_that_cannot_or_shall_not_is_not() -> None:
    """Listening costs a tenth of a turn, and there would be nothing to hear."""
    assert not writes_in_pieces(_AllAtOnce())
    assert not writes_in_pieces(FakeListChatModel(responses=["yes"], disable_streaming=True))
