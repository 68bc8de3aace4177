"""What the CRM and its survey tool export: steps of journeys, projects, outcomes and answers, under CRM numbers."""

import polars as pl

from hub.demo.chance import stream
from hub.demo.membership import keyed

_OSLO = "Europe/Oslo"
_STAMP = "%d.%m.%Y %H:%M:%S"


def crm_journeys(seed: int, journeys: pl.DataFrame, contacts: pl.DataFrame) -> pl.DataFrame:
    """Write the steps of those whom the CRM knows."""
    frame = _known(seed, "crm journeys", journeys, contacts)
    return frame.select(
        steg_id=_numbered("J", frame.height),
        kontakt_id="key",
        steg="step",
        start=_local("at"),
        slutt=_local("ended_at"),
        ferdig=pl.when("complete").then(pl.lit("ja")).otherwise(pl.lit("nei")),
        team="team",
    )


def crm_projects(seed: int, projects: pl.DataFrame, contacts: pl.DataFrame, companies: pl.DataFrame) -> pl.DataFrame:
    """Write the phases of projects, of the contact person and the company (`companies`: entity, org_key)."""
    owned = projects.join(companies, on="entity", how="left", maintain_order="left")
    frame = _known(seed, "crm projects", owned, contacts)
    return frame.select(
        prosjekt=pl.format("PR-{}", pl.col("project") + 101),
        fase="phase",
        kontakt_id="key",
        org_id="org_key",
        start=_local("at"),
        levering=_local("go_live_at"),
        slutt=_local("ends_at"),
    )


def crm_outcomes(seed: int, outcomes: pl.DataFrame, contacts: pl.DataFrame) -> pl.DataFrame:
    """Write how relations ended, with the reason that was stated."""
    frame = _known(seed, "crm outcomes", outcomes, contacts)
    return frame.select(
        utfall_id=_numbered("U", frame.height), kontakt_id="key", utfall="kind", grunn="reason", dato=_local("at")
    )


def survey_answers(seed: int, feedback: pl.DataFrame, contacts: pl.DataFrame) -> pl.DataFrame:
    """Write the survey tool's answers; it knows people by their CRM number."""
    frame = _known(seed, "survey answers", feedback, contacts)
    return frame.select(
        answer_id=_numbered("A", frame.height),
        contact="key",
        survey="kind",
        score=pl.col("score").cast(pl.String),
        asked_by="channel",
        at=pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def _known(seed: int, concern: str, events: pl.DataFrame, contacts: pl.DataFrame) -> pl.DataFrame:
    """Keep the events of whom the CRM knows, under one of their numbers."""
    return keyed(stream(seed, concern), events.join(contacts, on="entity", how="semi", maintain_order="left"), contacts)


def _local(name: str) -> pl.Expr:
    return pl.col(name).dt.convert_time_zone(_OSLO).dt.strftime(_STAMP)


def _numbered(prefix: str, count: int) -> pl.Expr:
    return pl.lit(prefix) + pl.int_range(10_001, 10_001 + count).cast(pl.String)
