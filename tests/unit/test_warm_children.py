"""Children that stay: whoever comes after an error, a death or a hung question meets nothing of it."""

from typing import ClassVar

import pytest

from hub.errors import ChildBusy
from hub.predictions import warm
from hub.predictions.warm import WarmChildren
from predict.wire import Message

MODEL = b"m" * 16
ASKED = Message({"language": "en"})


class Child:
    """A child that is only noted down."""

    made: ClassVar[list["Child"]] = []

    def __init__(self, module: str, model_id: bytes) -> None:
        self.model_id, self.module, self.ended = model_id, module, False
        self.given: list[Message] = []
        Child.made.append(self)

    def ask(self, message: Message) -> Message:
        self.given.append(message)
        if message.fields.get("fails"):
            raise MemoryError
        return message

    def end(self) -> None:
        self.ended = True


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> WarmChildren:
    monkeypatch.setattr(warm, "WarmChild", Child)
    monkeypatch.setattr(warm, "_PATIENCE_SECONDS", 0.01)
    Child.made.clear()
    return WarmChildren()


def ask(children: WarmChildren, message: Message = ASKED) -> Message:
    return children.ask("churn", MODEL, lambda: b"{}", message)


def test_the_model_is_brought_once_and_again_to_a_child_that_follows_a_dead_one(children: WarmChildren) -> None:
    ask(children)
    ask(children)
    (first,) = Child.made
    assert ["artefact" in each.parts for each in first.given] == [True, False]
    first.ended = True
    ask(children)
    assert ["artefact" in each.parts for each in Child.made[1].given] == [True]


def test_no_child_stays_without_a_model_that_could_not_be_read(children: WarmChildren) -> None:
    with pytest.raises(OSError, match="gone"):
        children.ask("churn", MODEL, _gone, ASKED)
    assert "artefact" in ask(children).parts


def test_an_answer_that_was_not_read_to_its_end_is_nobodys(children: WarmChildren) -> None:
    with pytest.raises(MemoryError):
        ask(children, Message({"fails": True}))
    assert Child.made[0].ended
    ask(children)
    assert len(Child.made) == 2


def test_who_waits_too_long_is_told_so_and_others_are_not_hindered(children: WarmChildren) -> None:
    with children._turn("churn"), pytest.raises(ChildBusy, match="churn"):
        ask(children)
    assert children.ask("service", MODEL, lambda: b"{}", ASKED).fields == ASKED.fields
    ask(children)


def _gone() -> bytes:
    raise OSError("gone")
