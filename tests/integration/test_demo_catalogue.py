"""The demo gives every view of the default catalogue something to read, of those alone who may be read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
import pytest
from sqlalchemy import select
from sqlmodel import col

from hub.authentication import Scope, acting_principal, add, authenticate
from hub.compose import Hub, open_hub
from hub.demo.company import generate
from hub.demo.exports import write_exports
from hub.errors import AccessRefused
from hub.home import make_home
from hub.predictions.hearing import hear
from hub.predictions.service import train
from hub.settings import Settings
from hub.views.gateway import Released
from hub.views.load import catalogue_names, catalogue_spec, catalogue_text
from hub.views.registry import approve, submit
from hub.views.tables import Release
from hub.views.version import find_version
from ingest.contract.load import load_contract
from ingest.pipeline.delivery import ingest_file
from privacy.store.principal import EVERYTHING, Principal
from privacy.terms import EntityKind, Role
from tests.builders import FixedClock
from tests.view_builders import WITHOUT_CHECK, read_by_grid

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
PEOPLE, ORGANISATIONS = 500, 60
NAMES = tuple(name for name in catalogue_names() if not name.endswith("_training"))
"""What teaches has the columns of what scores."""
SOMEBODY_IS_ABSENT = {
    "churn": {"objected", "ground_not_declared"},
    "service": {"ground_not_declared"},
    "next_need": {"consent_unknown", "consent_refused", "consent_withdrawn"},
    "winback": {"consent_unknown", "consent_refused", "consent_withdrawn"},
    "satisfaction": {"consent_unknown", "consent_refused"},
}
OUT_OF_REACH = {"mail_click_share_180d"}
"""The newsletter is no ground for churn."""


@dataclass(frozen=True)
class Home:
    hub: Hub
    owner: Principal
    scientist: Principal
    dpo: Principal


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder, clock = tmp_path_factory.mktemp("demo"), FixedClock(AT)
    settings = Settings.load({}, folder / "home")
    make_home(settings, clock=clock)
    hub = open_hub(settings, clock=clock)
    owner = acting_principal(hub)
    company = generate(7, PEOPLE, organisations=ORGANISATIONS, until=AT.replace(hour=0))
    for export in write_exports(company, folder / "exports"):
        ingest_file(load_contract(export.contract_path), export.file_path, hub.ports(owner.principal_id))
    yield Home(hub, owner, colleague(hub, owner, Role.SCIENTIST), colleague(hub, owner, Role.DPO))
    hub.engine.dispose()
    hub.keystore._engine.dispose()


def colleague(hub: Hub, owner: Principal, role: Role) -> Principal:
    everything = frozenset({EVERYTHING})
    _, token = add(hub, role.value, Scope(role=role, purposes=everything, views=everything), owner)
    return authenticate(hub, token)


def read(home: Home, name: str) -> Released:
    submit(home.hub, catalogue_text(name), home.scientist)
    approve(home.hub, name, home.dpo, WITHOUT_CHECK)
    return read_by_grid(home.hub, home.owner, catalogue_spec(name), AT)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("kpi_")])
def test_every_view_of_rows_has_some_and_leaves_out_who_did_not_agree(home: Home, name: str) -> None:
    spec, released = catalogue_spec(name), read(home, name)
    assert released.frame.height >= 5
    if spec.grain is EntityKind.PERSON:
        assert set(released.absent) >= SOMEBODY_IS_ABSENT[spec.purpose]
        told = {each.name for each in spec.released if released.frame[each.name].null_count() < released.frame.height}
        assert {each.name for each in spec.released} - told <= OUT_OF_REACH or released.frame.height < 20


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("kpi_")])
def test_every_key_figure_is_of_somebody(home: Home, name: str) -> None:
    """Where a figure would be of few it is withheld, its number of customers included."""
    frame = read(home, name).frame
    assert (frame["customers"].fill_null(1) > 0).any()


def test_satisfaction_hears_what_was_written_and_gives_nobodys_words_back(home: Home) -> None:
    for name in ("satisfaction_training", "satisfaction_messages"):
        with home.hub.reading() as session:
            known = find_version(session, name, 1)
        if known is None:
            submit(home.hub, catalogue_text(name), home.scientist)
            approve(home.hub, name, home.dpo, WITHOUT_CHECK)
    trained = train(home.hub, home.scientist, "satisfaction")
    told = trained.report["figures"]["texts"]
    assert told["texts"] >= 50
    assert {line["name"] for line in told["languages"]} <= {"nb", "nn", "sv", "en", "de"}
    found = hear(home.hub, home.owner, "satisfaction")
    assert found.rows.height == told["texts"]
    assert not {"text", "message_text"} & set(found.rows.columns)
    assert set(found.rows.schema.values()).isdisjoint({pl.Object})
    with home.hub.reading() as session:
        reads = session.execute(select(Release).where(col(Release.view) == "satisfaction_messages")).scalars().all()
    assert len(reads) >= 2
    with pytest.raises(AccessRefused, match="no_texts"):
        hear(home.hub, home.owner, "churn")
