from datetime import UTC, datetime

import polars as pl
import pytest

from predict.errors import FrameRefused, RuleRefused
from predict.winback.leaving import Leaving
from predict.winback.offers import (
    Channel,
    Offer,
    OfferCatalogue,
    OfferKind,
    offer_catalogue_of,
    prioritise,
    recommend,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALL = (Leaving.PRICE_SENSITIVE, Leaving.SERVICE_FRUSTRATED)
DISCOUNT = Offer(name="ten_percent", kind=OfferKind.DISCOUNT, reasons=ALL, cost_minor=1000, pull=2.0)
TALK = Offer(name="talk", kind=OfferKind.PERSONAL, reasons=ALL, cost_minor=0)
CHANNELS = (Channel(name="email", cost_minor=10), Channel(name="phone", cost_minor=500))
CATALOGUE = OfferCatalogue(offers=(DISCOUNT, TALK), channels=CHANNELS)


def one(catalogue=CATALOGUE, at=AT, **changes):
    customer = {
        "pseudonym": b"a" * 16,
        "as_of": AT,
        "reason": "price_sensitive",
        "uplift": 0.1,
        "returning": 0.2,
        "value_minor": 20_000.0,
        "open_complaint": False,
        "reach_email": True,
        "reach_phone": True,
    } | changes
    frame = pl.DataFrame([customer], schema_overrides={"reach_email": pl.Boolean, "open_complaint": pl.Boolean})
    return recommend(frame, catalogue, at=at).row(0, named=True)


def test_the_offer_of_highest_expected_value_is_made_and_its_value_is_what_the_formula_says():
    found = one()
    assert (found["offer"], found["channel"]) == ("ten_percent", "email")
    assert found["expected_value_minor"] == pytest.approx(2 * 0.1 * 20_000 - 0.2 * 1000 - 10)
    assert found["because"] == "recommended"


def test_whoever_left_over_service_is_offered_no_discount_unless_the_catalogue_says_so():
    assert one(reason="service_frustrated")["offer"] == "talk"
    bold = OfferCatalogue(offers=CATALOGUE.offers, channels=CHANNELS, without_discount=())
    assert one(bold, reason="service_frustrated")["offer"] == "ten_percent"


def test_a_discount_is_paid_to_those_who_come_anyway_too():
    assert one(returning=1.0, uplift=0.05, value_minor=15_000.0)["offer"] == "talk"


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"open_complaint": True}, "open complaint"),
        ({"open_complaint": None}, "open complaint"),
        ({"reach_email": None, "reach_phone": False}, "no channel allowed"),
        ({"reason": "drifting"}, "no offer fits"),
        ({"uplift": -0.05}, "worth less than it costs"),
        ({"uplift": 0.0}, "worth less than it costs"),
    ],
)
def test_whoever_is_left_in_peace_is_told_why(changes, because):
    found = one(**changes)
    assert found["because"] == because
    assert (found["offer"], found["channel"], found["expected_value_minor"]) == (None, None, None)


def test_an_offer_keeps_its_margin_limit_and_its_days():
    assert one(value_minor=1500.0)["offer"] == "talk"
    stored = {
        "offers": [
            {
                "name": "march",
                "kind": "content",
                "reasons": ["price_sensitive"],
                "valid_from": "2026-03-01",
                "valid_until": "2026-04-01",
            }
        ],
        "channels": [{"name": "email", "cost_minor": 0}],
    }
    march = offer_catalogue_of(stored)
    assert one(march)["offer"] == "march"
    assert one(march, at=datetime(2026, 4, 1, tzinfo=UTC))["because"] == "no offer fits"
    assert one(march, at=datetime(2026, 2, 28, 23, 59, tzinfo=UTC))["because"] == "no offer fits"


def test_the_channel_is_the_customers_own_else_that_of_customers_alike():
    frame = pl.DataFrame(
        {
            "pseudonym": [bytes([number]) * 16 for number in range(4)],
            "as_of": [AT] * 4,
            "reason": ["price_sensitive", "price_sensitive", "service_frustrated", "service_frustrated"],
            "uplift": [0.2] * 4,
            "returning": [0.2] * 4,
            "value_minor": [50_000.0] * 4,
            "open_complaint": [False] * 4,
            "reach_email": [True] * 4,
            "reach_phone": [True, True, True, False],
            "answers_email": [0.1, 0.3, 0.0, None],
            "answers_phone": [0.2, None, 0.5, None],
        }
    )
    assert recommend(frame, CATALOGUE, at=AT)["channel"].to_list() == ["phone", "email", "phone", "email"]
    assert recommend(frame.reverse(), CATALOGUE, at=AT).equals(recommend(frame, CATALOGUE, at=AT))


def test_capacity_takes_the_most_valuable_first():
    rows = [
        {"pseudonym": bytes([n]) * 16, "because": why, "expected_value_minor": worth}
        for n, why, worth in [
            (1, "recommended", 5.0),
            (2, "recommended", 9.0),
            (3, "no offer fits", None),
            (4, "recommended", 9.0),
        ]
    ]
    kept = prioritise(pl.DataFrame(rows), capacity=2)
    assert [one[0] for one in kept["pseudonym"]] == [2, 4]


@pytest.mark.parametrize(
    "offer",
    [
        {"name": "a", "kind": "gift", "reasons": ["drifting"]},
        {"name": "a", "kind": "content", "reasons": ["bored"]},
        {"name": "a", "kind": "content", "reasons": []},
        {"name": "a", "kind": "content", "reasons": ["drifting"], "cost_minor": -1},
        {"name": "a", "kind": "content", "reasons": ["drifting"], "surprise": 1},
        {
            "name": "a",
            "kind": "content",
            "reasons": ["drifting"],
            "valid_from": "2026-02-02",
            "valid_until": "2026-02-02",
        },
    ],
)
def test_an_offer_without_sense_is_refused(offer):
    with pytest.raises(RuleRefused):
        offer_catalogue_of({"offers": [offer], "channels": [{"name": "email", "cost_minor": 0}]})


def test_a_name_stands_once_and_a_frame_has_its_columns():
    with pytest.raises(RuleRefused):
        OfferCatalogue(offers=(TALK, TALK), channels=CHANNELS)
    with pytest.raises(FrameRefused):
        recommend(pl.DataFrame({"pseudonym": [b"a"], "as_of": [AT]}), CATALOGUE, at=AT)
