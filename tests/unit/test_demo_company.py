from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from hub.demo.company import Company, generate

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE_TABLES = {
    "crm": ("crm_people", "kontakt_id"),
    "erp": ("erp_customers", "customer_no"),
    "support": ("support_people", "requester_id"),
    "newsletter": ("newsletter", "subscriber"),
}


@pytest.fixture(scope="module")
def company() -> Company:
    return generate(7, 2_000, organisations=120, until=UNTIL)


def test_the_same_seed_gives_the_same_company_and_another_seed_another() -> None:
    first, again, other = (generate(seed, 60, organisations=5, until=UNTIL) for seed in (1, 1, 2))
    assert all(first.tables[name].equals(again.tables[name]) for name in first.tables)
    assert first.truth.churn.equals(again.truth.churn)
    assert not first.truth.people.equals(other.truth.people)


def test_a_later_end_moves_the_same_lives_along(company: Company) -> None:
    later = generate(7, 2_000, organisations=120, until=UNTIL + timedelta(days=30))
    assert later.truth.lives.customers.equals(company.truth.lives.customers)
    moved = later.truth.churn["left_at"] - company.truth.churn["left_at"]
    assert moved.unique().to_list() == [timedelta(days=30)]


def test_the_truth_is_in_no_export(company: Company) -> None:
    columns = {column for table in company.tables.values() for column in table.columns}
    assert not columns & {"entity", "tone", "cause", "left_day", "warned_day", "delay", "theme"}


@pytest.mark.parametrize("source", PEOPLE_TABLES)
def test_the_truth_knows_every_record_and_some_people_twice(company: Company, source: str) -> None:
    table, key = PEOPLE_TABLES[source]
    true = company.truth.entities.filter(source=source, kind="person")
    assert set(company.tables[table][key]) == set(true["key"])
    assert true["key"].n_unique() == true.height
    assert 0.005 < 1 - true["entity"].n_unique() / true.height < 0.08


def test_events_name_known_customers_but_for_a_few(company: Company) -> None:
    contacts = company.tables["crm_people"]["kontakt_id"].implode()
    customers = company.tables["erp_customers"]["customer_no"].implode()
    for known, refs in (
        (contacts, company.tables["product_usage"]["user_ref"]),
        (customers, company.tables["erp_orders"]["customer_no"]),
    ):
        assert 0.001 < (~refs.is_in(known)).mean() < 0.01
    assert company.tables["product_subscriptions"]["user_ref"].is_in(contacts).all()
    requesters = company.tables["support_people"]["requester_id"].implode()
    assert company.tables["support_tickets"]["requester"].is_in(requesters).all()


def test_systems_disagree_about_names_addresses_and_telephones(company: Company) -> None:
    true = company.truth.entities.filter(kind="person")
    crm = company.tables["crm_people"].join(true.filter(source="crm"), left_on="kontakt_id", right_on="key")
    erp = company.tables["erp_customers"].join(true.filter(source="erp"), left_on="customer_no", right_on="key")
    both = crm.unique("entity").join(erp.unique("entity"), on="entity")
    names = [pl.format("{}, {}", "etternavn", "fornavn"), pl.format("{} {}", "fornavn", "etternavn")]
    same_name = both.select((pl.col("name") == names[0]) | (pl.col("name") == names[1])).to_series().mean()
    addresses = both.drop_nulls(["epost", "email"])
    assert 0.65 < same_name < 0.9
    assert 0.8 < (addresses["epost"] == addresses["email"]).mean() < 0.97
    digits = company.tables["erp_customers"]["mobile"].drop_nulls().str.replace_all(r"\d", "9")
    assert digits.n_unique() >= 8
    assert company.tables["crm_people"]["fornavn"].str.contains(r"^\S\.$").any()


def test_households_share_addresses_and_some_a_mailbox(company: Company) -> None:
    people = company.truth.people
    homes = people.group_by("family_name", "street", "postcode").len().filter(pl.col("len") > 1)
    mailboxes = people.group_by("email").len().filter(pl.col("len") > 1)
    assert homes["len"].sum() > 0.08 * people.height
    assert mailboxes.height > 0.02 * people.height


def test_some_object_some_restrict_some_allow_and_many_are_unknown(company: Company) -> None:
    crm, news = company.tables["crm_people"], company.tables["newsletter"]
    assert 0.015 < (crm["reservert"] == "ja").mean() < 0.05
    assert 1 <= crm["begrenset"].is_not_null().sum() < 0.02 * crm.height
    shares = {value: (news["winback_ok"].fill_null("") == value).mean() for value in ("yes", "no", "stopped", "")}
    assert shares["yes"] > 0.45
    assert min(shares.values()) > 0.05
    assert shares[""] > 0.2


def test_whoever_stops_gets_no_newsletter_afterwards(company: Company) -> None:
    contacts = company.tables["newsletter_contacts"]
    ended = contacts.filter(kind="unsubscribed").select("subscriber", ended="at")
    later = contacts.join(ended, on="subscriber").filter((pl.col("kind") == "sent") & (pl.col("at") > pl.col("ended")))
    assert ended.height > 30
    assert later.is_empty()


def test_tickets_in_four_languages_give_names_telephones_and_addresses_away(company: Company) -> None:
    tickets = company.truth.tickets.join(company.truth.people, on="entity", suffix="_person")
    assert set(tickets["language"]) == {"nb", "sv", "de", "en"}
    for field, least in (("family_name", 0.6), ("phone", 0.35), ("email", 0.35)):
        held = tickets.select(pl.col("text").str.contains(pl.col(field), literal=True)).to_series()
        assert held.mean() > least, field
    assert tickets["text"].null_count() == 0


def test_trouble_shows_in_the_events_before_people_leave(company: Company) -> None:
    truth = company.truth
    spells = truth.lives.episodes.select("entity", "cause", "start_day", "end_day")
    start = UNTIL - timedelta(days=730)
    day = ((pl.col("at") - start).dt.total_seconds() / 86_400).alias("day")
    inside = pl.col("day").is_between("start_day", "end_day")
    tickets = truth.tickets.with_columns(day, hours=(pl.col("resolved_at") - pl.col("at")).dt.total_hours())
    calm = tickets.join(spells.select("entity").unique(), on="entity", how="anti")
    during = tickets.join(spells, on="entity").filter(inside)
    slow = during.filter(cause="slow_service")
    assert slow["hours"].median() > 3 * calm["hours"].median()
    assert slow["escalated"].mean() > 3 * calm["escalated"].mean()
    price = during.filter(cause="price")
    assert (price["category"] == "price").mean() > 0.6
    assert (calm["category"] == "price").mean() < 0.15
    orders = truth.orders.with_columns(day, late=pl.col("delivered_at") > pl.col("promised_at") + pl.duration(days=3))
    late = orders.join(spells.filter(cause="late_deliveries"), on="entity").filter(inside)["late"].mean()
    assert late > 0.6
    assert orders.join(spells, on="entity", how="anti")["late"].mean() < 0.1


def test_nobody_acts_after_leaving(company: Company) -> None:
    truth = company.truth
    left = truth.churn.select("entity", "left_at")
    for events in (truth.orders, truth.usage, truth.tickets, truth.subscriptions):
        after = events.join(left, on="entity").filter(pl.col("at") > pl.col("left_at"))
        assert after.is_empty()


def test_departures_have_causes_with_lead_times_and_some_have_none(company: Company) -> None:
    churn = company.truth.churn
    assert 0.2 < churn.height / company.truth.people.height < 0.36
    sudden = (churn["cause"] == "sudden").mean()
    assert 0.05 < sudden < 0.2
    assert churn.filter(cause="sudden")["warned_at"].null_count() == churn.filter(cause="sudden").height
    assert 80 < churn["lead_days"].median() < 110
    assert churn["lead_days"].min() > 59.9
    healed = 1 - company.truth.lives.episodes["departs"].mean()
    assert 0.14 < healed < 0.27


def test_orders_have_a_season(company: Company) -> None:
    months = company.truth.orders["at"].dt.month()
    by_month = np.bincount(months.to_numpy(), minlength=13)
    assert by_month[[11, 12]].min() > 1.2 * by_month[[1, 7]].max()
