from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predict.errors import TextRefused
from predict.feature import LANGUAGES
from predict.winback.draft import (
    APPROVAL_HOLDS,
    Approval,
    Refused,
    Standing,
    drafted,
    edited,
    rewritten,
    sendable,
)
from predict.winback.letters import NAMES, letter
from predict.winback.rubber_stamp import rubber_stamps
from predict.winback.said import UNSUBSCRIBE, verify_said
from predict.winback.sequence import DEFAULT_PLANS
from predict.winback.template import FACTS, Band, Template, Tone

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
YES = Standing(permitted=True, due=True)
KNOWN = {name: f"fact of {name}" for name in FACTS}


def template(body="Hello [[name]], {{ offer }}. [[unsubscribe]]", subject="An offer", **changes):
    made = {"name": "t", "language": "en", "tone": Tone.WARM, "band": Band.USER} | changes
    return Template(subject=subject, body=body, **made)


def draft(**changes):
    return drafted(template(**changes), KNOWN, authors=("anna",), at=AT)


def approval(of, by="berit", at=AT + timedelta(minutes=5)):
    return Approval(by=by, digest=of.digest, shown_at=at - timedelta(minutes=1), at=at)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_every_letter_keeps_the_rules_in_every_style(name, language):
    for tone in Tone:
        for band in Band:
            made = drafted(letter(name, language, tone=tone, band=band), KNOWN, authors=("anna",), at=AT)
            assert set(made.facts) == letter(name, language).asks
            assert all(value in f"{made.subject}{made.body}" for value in made.facts.values())
            assert UNSUBSCRIBE in made.body
            assert "{" not in made.body


def test_every_step_of_the_sequences_has_its_letter():
    assert {step.template for plan in DEFAULT_PLANS for step in plan.steps} <= set(NAMES)


@pytest.mark.parametrize(
    "said",
    [
        "Your score is 0.8",
        "You are at risk",
        "Risk\u200bo",
        "ＳＣＯＲＥ",
        "sc\u00adore",
        "Risikoen er høy",
        "we predicted this",
        "Wir sehen eine hohe Wahrscheinlichkeit",
        "det er sannsynlig",
        "det är sannolikt",
        "you are about to leave us",
        "We know that you might soon cancel",
        "du er i ferd med å slutte",
        "du er på veg til å seie opp",
        "du överväger att lämna oss",
        "dass Sie planen, uns zu verlassen",
        "our algorithm chose you",
        "kundens frafall",
    ],
)
def test_what_is_never_said_is_refused_in_templates_and_in_edited_drafts(said):
    with pytest.raises(TextRefused):
        template(body=f"{said} {UNSUBSCRIBE}")
    with pytest.raises(TextRefused):
        edited(draft(), subject="s", body=f"{said} {UNSUBSCRIBE}", author="carl", at=AT)
    with pytest.raises(TextRefused):
        drafted(template(), {"offer": said}, authors=("anna",), at=AT)


@pytest.mark.parametrize(
    "fine", ["Modell X er her", "You may cancel the order at any time", "Prisen er lav", "Discover it"]
)
def test_ordinary_words_are_not_refused(fine):
    verify_said("t", f"{fine} {UNSUBSCRIBE}")


@pytest.mark.parametrize(
    "body",
    [
        "{% for x in offer %}{{ x }}{% endfor %}",
        "{{ offer.__class__ }}",
        "{{ offer | upper }}",
        "{{ cycler() }}",
        "{{ offer[0] }}",
        "{{ 7 * 7 }}",
        "{% set x = 1 %}",
        "{% include 'other' %}",
        "{% if offer %}",
        "{{ salary }}",
        "{{ self }}",
        "x" * 5000,
        "{{ " + "(" * 1500 + "offer" + ")" * 1500 + " }}",
        "{% if offer %}" * 120 + "{% endif %}" * 120,
        "{{ " + "not " * 300 + "offer }}",
        "{{ " + "offer and " * 300 + "offer }}",
    ],
)
def test_a_template_can_do_nothing_but_put_facts_into_text(body):
    with pytest.raises(TextRefused):
        template(body=f"{body} {UNSUBSCRIBE}")


def test_a_template_may_choose_by_a_fact_and_needs_a_way_out_and_a_language():
    choosing = template(body="{% if offer == 'a' %}A{% else %}B{% endif %} [[unsubscribe]]")
    assert drafted(choosing, {"offer": "a"}, authors=("anna",), at=AT).body.startswith("A")
    for broken in ({"body": "no way out"}, {"language": "fr"}, {"subject": "two\nlines"}):
        with pytest.raises(TextRefused):
            template(**broken)


def test_facts_are_listed_needed_and_never_read_as_templates():
    made = drafted(template(), KNOWN | {"offer": "{{ product }}"}, authors=("anna",), at=AT)
    assert made.facts == {"offer": "{{ product }}"}
    assert "{{ product }}" in made.body
    with pytest.raises(TextRefused):
        drafted(template(), {"product": "p"}, authors=("anna",), at=AT)
    with pytest.raises(TextRefused):
        drafted(template(), {"offer": "[[password]]"}, authors=("anna",), at=AT)


def test_the_link_to_say_no_by_stands_in_no_subject():
    made = drafted(template(), KNOWN, authors=("anna",), at=AT)
    with pytest.raises(TextRefused):
        edited(made, subject=f"Hei {UNSUBSCRIBE}", body=made.body, author="berit", at=AT)


def test_a_language_model_sees_no_fact_and_can_lose_none():
    seen = []

    def polite(text):
        seen.append(text)
        return text.replace("Hello", "Dear")

    made = rewritten(draft(), polite, author="machine", at=AT)
    assert seen == ["Hello [[name]], [[offer]]. [[unsubscribe]]"]
    assert made.body == "Dear [[name]], fact of offer. [[unsubscribe]]"
    assert made.authors == ("anna", "machine")
    for broken in (
        "Hello [[name]]. [[unsubscribe]]",
        "[[name]] [[offer]] [[offer]] [[unsubscribe]]",
        "[[name]] [[offer]] your score [[unsubscribe]]",
    ):
        with pytest.raises(TextRefused):
            rewritten(draft(), lambda _, told=broken: told, author="machine", at=AT)


def test_a_letter_is_sent_once_somebody_else_approved_this_very_text():
    made = draft()
    at = AT + timedelta(hours=1)
    assert sendable(made, (approval(made),), YES, at=at) is None
    assert sendable(made, (), YES, at=at) is Refused.NOT_APPROVED
    assert sendable(made, (approval(made, by="anna"),), YES, at=at) is Refused.OWN_EYES
    assert sendable(made, (approval(made, at=at + timedelta(hours=1)),), YES, at=at) is Refused.NOT_APPROVED
    assert sendable(made, (approval(made),), YES, at=AT + timedelta(minutes=5) + APPROVAL_HOLDS) is Refused.TOO_OLD


def test_a_change_takes_the_approval_away_and_who_changed_it_cannot_give_it_back():
    made = draft()
    changed = edited(made, subject=made.subject, body=f"{made.body} Bye", author="berit", at=AT + timedelta(hours=1))
    at = AT + timedelta(hours=3)
    assert sendable(changed, (approval(made),), YES, at=at) is Refused.NOT_APPROVED
    later = AT + timedelta(hours=2)
    assert sendable(changed, (approval(changed, at=later),), YES, at=at) is Refused.OWN_EYES
    assert sendable(changed, (approval(made, by="carl", at=later),), YES, at=at) is Refused.NOT_APPROVED
    assert sendable(changed, (approval(changed, by="carl", at=later),), YES, at=at) is None
    back = edited(changed, subject=made.subject, body=made.body, author="berit", at=later)
    assert sendable(back, (approval(made, by="carl"),), YES, at=at) is Refused.NOT_APPROVED


@given(st.booleans(), st.booleans(), st.lists(st.sampled_from(["anna", "berit"]), max_size=3))
def test_whatever_was_approved_what_holds_at_the_instant_of_sending_decides(permitted, due, approvers):
    made = draft()
    given_ = tuple(approval(made, by=one) for one in approvers)
    found = sendable(made, given_, Standing(permitted=permitted, due=due), at=AT + timedelta(hours=1))
    assert (found is None) == (permitted and due and "berit" in approvers)
    assert sendable(made, given_, Standing(), at=AT + timedelta(hours=1)) is Refused.NOT_PERMITTED


def test_approvals_sooner_than_anybody_reads_are_counted():
    def row(by, seconds, *, edited=False, characters=400):
        return {
            "by": by,
            "shown_at": AT,
            "approved_at": AT + timedelta(seconds=seconds),
            "characters": characters,
            "edited": edited,
        }

    rows = [
        row("anna", 2),
        row("anna", 3),
        row("anna", 30),
        row("anna", 2, edited=True),
        row("berit", 60),
        row("berit", 11),
    ]
    found = {one["by"]: one for one in rubber_stamps(pl.DataFrame(rows)).iter_rows(named=True)}
    assert found["anna"]["stamped"] == pytest.approx(0.5)
    assert found["anna"]["unedited"] == pytest.approx(0.75)
    assert found["anna"]["low"] < 0.5 < found["anna"]["high"]
    assert (found["berit"]["stamped"], found["berit"]["median_seconds"]) == (0, 35.5)
    rows = [row("berit", 60)] * 21  # of 21 the bound comes out below nothing before rounding
    assert rubber_stamps(pl.DataFrame(rows))["low"].to_list() == [0.0]
