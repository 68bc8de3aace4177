"""Article 25: protection is built in, and what is not asked for is the most private of the choices."""

from pathlib import Path

import polars as pl

from privacy.consent import Axes, fold
from privacy.decision import Deny, decide, standing_of
from privacy.pseudonym import PseudonymisationDomain, entities_of, pseudonyms_of
from privacy.terms import DomainName, LegalBasis
from tests.builders import an_entity
from tests.integration.cli_desk import Desk, stocked
from tests.privacy_builders import a_purpose, on
from tests.request_builders import Office, used


def test_art25_2_of_whom_nothing_is_known_nothing_is_used() -> None:
    """Without an act of the person and without a ground that a source declared, every legal basis refuses."""
    silent = fold([], at=on(2))
    for basis in LegalBasis:
        purpose = a_purpose(legal_basis=basis)
        assert isinstance(decide(purpose, standing_of(purpose, silent, Axes(), ground_declared=False)), Deny)


def test_art25_2_who_says_nothing_has_not_said_yes(desk: Office) -> None:
    """A person whose file leaves the consent column empty is in no use that rests on consent."""
    desk.people("k9,Nina Silent,nina@example.org,,2025-01-01,")
    consented, silent = bytes(desk.record("shop:k3")), bytes(desk.record("shop:k9"))
    assert consented in used(desk, "winback")
    assert silent not in used(desk, "winback")


def test_art25_2_no_data_are_open_to_anybody_until_a_second_look(tmp_path: Path) -> None:
    """A view is closed, also to the owner, until it was approved; and what leaves then has pseudonyms, not names."""
    shop: Desk = stocked(tmp_path)
    read = ("view", "read", "shopping", "--purpose", "churn")
    closed = shop.run(*read)
    assert (closed.exit_code, closed.stdout) == (4, "")
    assert shop.run("view", "approve", "shopping", "--unchecked", "no_data_yet", role="dpo").exit_code == 0
    header, *rows = shop.run(*read).stdout.splitlines()
    assert header == "pseudonym,orders,amount"
    assert rows


def test_art25_1_pseudonyms_of_two_purposes_cannot_be_laid_together() -> None:
    """Each purpose knows a person by another pseudonym, and nobody leads it back without that purpose's secret."""
    domains = [
        PseudonymisationDomain(DomainName(name), 1, bytes([n]) * 32) for n, name in enumerate(("churn", "winback"))
    ]
    people = pl.Series([an_entity(number) for number in range(100)], dtype=pl.Binary)
    one, other = (pseudonyms_of(domain, people) for domain in domains)
    assert not set(one) & set(other)
    assert entities_of(domains[0], one).to_list() == people.to_list()
    assert not set(entities_of(domains[1], one)) & set(people)
