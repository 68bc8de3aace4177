"""What is said while letters are on their way out: a refusal, a no, a connection that breaks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.consents import Subject, Wish, record_wish
from hub.errors import AccessRefused, ServiceUnreachable
from hub.outbox.post import Answer, Outcome
from hub.winback import judging
from hub.winback.letters import SealedLetter
from privacy.terms import ActChannel, ConsentAct, PurposeId
from tests.winback_box import Box, approved, sent, state_of, waiting
from tests.winback_builders import Left, drafted, in_process, left


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    with in_process():
        found = left(Path(tmp_path_factory.mktemp("races")), VARDE_PUBLIC_URL="https://varde.example")
        drafted(found)
        yield found


def says_no(here: Left, letter: SealedLetter) -> None:
    no = Wish(act=ConsentAct.WITHDRAWN, purpose=PurposeId("winback"), channel=ActChannel.AGENT)
    record_wish(here.hub, Subject(records=(letter.record_id,)), no, here.owner)


def test_a_refusal_while_the_server_is_called_holds(here: Left) -> None:
    letter, box = approved(here), Box()
    box.opened = lambda: judging.refuse(here.hub, letter.letter_id, here.colleague)
    assert sent(here, box).sent == 0
    assert not box.mails
    assert state_of(here, letter) == "refused"


def test_what_is_handed_over_cannot_be_refused_any_more(here: Left) -> None:
    letter, box = approved(here), Box()

    def refused() -> None:
        with pytest.raises(AccessRefused, match="changed_meanwhile"):
            judging.refuse(here.hub, letter.letter_id, here.colleague)

    box.carried = refused
    assert sent(here, box).sent == 1
    assert state_of(here, letter) == "sent"


def test_a_no_while_another_letter_is_carried_holds(here: Left) -> None:
    pair, box = [approved(here), approved(here)], Box()

    def both_say_no() -> None:
        for letter in pair:
            says_no(here, letter)

    box.carried = both_say_no
    assert sent(here, box).sent == 1
    assert len(box.mails) == 1


def test_nobody_reads_the_draft_of_who_said_no(here: Left) -> None:
    draft = waiting(here)[0]
    says_no(here, draft)
    with pytest.raises(AccessRefused, match="no_such_letter"):
        judging.show(here.hub, draft.letter_id, here.colleague)
    assert state_of(here, draft) == "stopped"


def test_a_connection_that_breaks_costs_one_letter(here: Left) -> None:
    pair, box = [approved(here), approved(here)], Box()
    box.answer = Answer(Outcome.LATER, "SMTPServerDisconnected")
    with pytest.raises(ServiceUnreachable):
        sent(here, box)
    assert sorted(state_of(here, one) for one in pair) == ["approved", "unsure"]
    here.later(minutes=11)
    box.answer = Answer(Outcome.REFUSED, "no_smtputf8")
    assert sent(here, box).others["rejected"] == 1
