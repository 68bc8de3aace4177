"""Campaigns, templates, letters and who looked at them.

Data category of a letter: identifier and behaviour (text and facts, sealed under a key of the person's record, so that
both end with it). The others hold nothing about a customer. Retention: a letter's content until it has left, was
refused or stopped, 30 days at most, its empty row 90 days; looks two years, as campaign contacts; campaigns and
templates stay, so that a report can say by which rules and words.
"""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from privacy.instant import Instant


class WinbackCampaign(SQLModel, table=True):
    """One drawn campaign: of which view at which instant, by which rules; who is in which arm lies in the lake."""

    __tablename__ = "winback_campaign"

    campaign_id: bytes = Field(primary_key=True)
    view: str
    as_of: datetime = Field(sa_type=Instant)
    drawn_at: datetime = Field(sa_type=Instant)
    drawn_by: bytes
    hold_out: float
    seed: int
    customers: int
    contact: int | None = None  # of them drawn to be written to; of campaigns from before it was kept, unknown
    playbook: str = Field(sa_type=Text)
    facts: str = Field(sa_type=Text)  # what is said to everybody, as JSON: facts of the company, none of a customer


class WinbackTemplate(SQLModel, table=True):
    """One text of a template: usable once somebody who did not write it approved it; the newest such is used."""

    __tablename__ = "winback_template"

    template_id: bytes = Field(primary_key=True)
    name: str = Field(index=True)
    language: str
    tone: str
    band: str
    subject: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)
    written_by: bytes
    written_at: datetime = Field(sa_type=Instant)
    approved_by: bytes | None = None
    approved_at: datetime | None = Field(default=None, sa_type=Instant)


class WinbackLetter(SQLModel, table=True):
    """One letter: draft -> approved -> leaving -> sent; or refused (by a person), stopped, rejected (by the server).

    `revision` counts changes of the text: the sealed cell is bound to it. `due_at` is when whoever sends may try it
    next; whoever tries it moves that on first.
    """

    __tablename__ = "winback_letter"

    letter_id: bytes = Field(primary_key=True)
    record_id: bytes = Field(index=True)
    language: str
    key_id: bytes
    sealed: bytes
    revision: int
    state: str
    attempts: int = 0
    claim: bytes | None = None
    created_at: datetime = Field(sa_type=Instant)
    due_at: datetime = Field(sa_type=Instant, index=True)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)


class WinbackLook(SQLModel, table=True):
    """Who of ours was shown which text, and what they said to it: a letter's, or a template's by its id.

    `commitment` is the SHA-256 of a letter's sealed bytes that were shown: it names this very text and tells nothing of
    it; of a template that of its words.
    """

    __tablename__ = "winback_look"

    letter_id: bytes = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    person_id: bytes = Field(primary_key=True)
    commitment: bytes
    characters: int
    edited: bool
    shown_at: datetime = Field(sa_type=Instant)
    decided_at: datetime | None = Field(default=None, sa_type=Instant)
    decision: str | None = None
