"""What is said while letters are on their way out: a refusal, a no, a connection that breaks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.consents import Subject, Wish, record_wish
from hub.errors import AccessRefused, ServiceUnreachable
from hub.outbox.post import Answer, Outcome
from hub.winback import judging, templates
from hub.winback.addressee import name_in_letters
from hub.winback.leaving import TWICE
from hub.winback.letters import LetterState, SealedLetter, find_letters
from ingest.pipeline.deciding import Word, decide
from ingest.store.match_decision import Verdict
from privacy.purposes import LANGUAGES
from privacy.terms import ActChannel, ConsentAct, PurposeId, Role
from tests.integration.test_matching import matching
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


def join(here: Left, one: SealedLetter, other: SealedLetter) -> None:
    ports = matching(here.hub).ports(here.owner.principal_id)
    assert ports.matching is not None
    word = Word(pair=(one.record_id, other.record_id), verdict=Verdict.SAME, reason="called_them", role=Role.OWNER)
    assert decide(word, ports, ports.matching) > 0


def test_a_refusal_while_the_server_is_called_holds(here: Left) -> None:
    letter, box = approved(here), Box()
    box.opened = lambda: judging.refuse(here.hub, letter.letter_id, here.colleague)
    assert sent(here, box).sent == 0
    assert not box.mails
    assert state_of(here, letter) == "refused"


def test_a_no_while_another_letter_is_carried_holds_but_what_left_cannot_be_refused(here: Left) -> None:
    pair, box = [approved(here), approved(here)], Box()

    def said() -> None:
        with here.hub.reading() as session:
            (carried,) = find_letters(session, (LetterState.LEAVING,))
        with pytest.raises(AccessRefused, match="changed_meanwhile"):
            judging.refuse(here.hub, carried.letter_id, here.colleague)
        for letter in pair:
            says_no(here, letter)

    box.carried = said
    assert sent(here, box).sent == 1
    assert len(box.mails) == 1
    assert sorted(state_of(here, letter) for letter in pair) == ["sent", "stopped"]


def test_nobody_reads_the_draft_of_who_said_no(here: Left) -> None:
    draft = waiting(here)[0]
    says_no(here, draft)
    with pytest.raises(AccessRefused, match="no_such_letter"):
        judging.show(here.hub, draft.letter_id, here.colleague)
    assert state_of(here, draft) == "stopped"


def test_two_letters_to_records_that_were_joined_since_are_one(here: Left) -> None:
    pair = (approved(here), approved(here))
    join(here, *pair)
    box = Box()
    assert sent(here, box).sent == 1
    assert len(box.mails) == 1
    assert sorted(state_of(here, letter) for letter in pair) == ["sent", "stopped"]


def test_two_programs_that_send_and_a_merge_between_invite_once(here: Left) -> None:
    """Each judged its own letters before the records were joined; the lock under which letters leave sees both."""
    later = approved(here)
    boxes = Box(), Box()

    def meanwhile() -> None:
        earlier = approved(here)
        join(here, earlier, later)
        assert sent(here, boxes[0]).sent == 1

    boxes[1].opened = meanwhile
    second = sent(here, boxes[1])
    assert (second.sent, second.others[TWICE]) == (0, 1)
    assert [len(box.mails) for box in boxes] == [1, 0]
    assert state_of(here, later) == "stopped"


def test_who_names_no_single_text_or_was_not_shown_it_approves_none(here: Left) -> None:
    with pytest.raises(AccessRefused, match="not_shown"):
        templates.approve(here.hub, "service_fixed", here.colleague)
    shown = templates.show(here.hub, "service_fixed", here.colleague)
    assert {one.language for one in shown} == set(LANGUAGES), "a name's texts are read together"
    templates.show(here.hub, "service_fixed", here.author)
    with pytest.raises(AccessRefused, match="own_eyes"):
        templates.approve(here.hub, "service_fixed", here.author)
    assert len(templates.approve(here.hub, "service_fixed", here.colleague)) == len(LANGUAGES)
    with pytest.raises(AccessRefused, match="no_such_template"):
        templates.approve(here.hub, "", here.colleague)


def test_a_connection_that_breaks_costs_one_letter_and_what_waits_for_a_month_is_let_go_of(here: Left) -> None:
    pair, box = [approved(here), approved(here)], Box()
    box.answer = Answer(Outcome.LATER, "SMTPServerDisconnected")
    with pytest.raises(ServiceUnreachable):
        sent(here, box)
    assert sorted(state_of(here, one) for one in pair) == ["approved", "unsure"]
    here.later(days=31)
    assert sent(here, box).others == {}
    assert sorted(state_of(here, one) for one in pair) == ["stopped", "unsure"]
    assert not any(one.sealed for one in waiting(here, LetterState.STOPPED))


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("Kari  Nr0", "Kari Nr0"),
        ("Kari\r\nNordmann", "Kari Nordmann"),
        ("J. R. R. Olsen", "J. R. R. Olsen"),
        ("Win at https://evil.example", ""),
        ("evil.example", ""),
        ("[[unsubscribe]]", ""),
        ("x" * 61, ""),
    ],
)
def test_a_name_that_could_be_a_message_is_none(given: str, written: str) -> None:
    assert name_in_letters(given) == written
