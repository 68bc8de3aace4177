"""Tickets, messages and feedback."""

from typing import Final

from ingest.canonical.column import (
    code,
    copied,
    employee,
    instant,
    number,
    one_of,
    redacted_text,
    reference,
    truth,
    whole,
)
from ingest.canonical.table import Buckets, Erasure, KeepDays, Table

TICKETS: Final = Table(
    "tickets",
    "a support case; event_time is its opening",
    (
        reference("ticket_ref", "the case"),
        code("channel", "how it arrived"),
        code("category", "what it is about"),
        code("priority", "the desk's own priority"),
        instant("first_response_at", "first answer by a person"),
        instant("resolved_at", "when it was resolved; null while open"),
        truth("escalated", "whether it was escalated"),
        truth("reopened", "whether it came back"),
        code("team", "the team that handled it"),
        code("product", "the product that it is about, as the desk groups them"),
        code("step", "the step in which it arose: enquiry, quote, order, delivery, after-sales"),
        whole("handling_minutes", "minutes", "time that was worked on it"),
        employee("who handled it"),
    ),
    KeepDays(1095),
    Erasure.DELETE_ROW,
    Buckets.MANY,
)

MESSAGES: Final = Table(
    "messages",
    "e-mail, chat, call note, review or social post",
    (
        reference("message_ref", "the message"),
        reference("thread_ref", "the thread or case it belongs to"),
        code("channel", "e-mail, chat, call, review, social"),
        one_of("direction", "from the customer (in) or to the customer (out)", "in", "out"),
        code("language", "ISO 639-1"),
        code("team", "the team that answers it"),
        code("product", "the product that it is about, as the desk groups them"),
        code("step", "the step in which it arose: enquiry, quote, order, delivery, after-sales"),
        *redacted_text("the message, redacted"),
        employee("who wrote or answered it"),
        copied("who says what, and in which thread: the same message of another mailbox is stored once"),
    ),
    KeepDays(730),
    Erasure.DELETE_ROW,
    Buckets.MANY,
)

FEEDBACK: Final = Table(
    "feedback",
    "a score that a customer gave",
    (
        one_of("kind", "which scale", "nps", "csat", "ces", "stars"),
        number("score", "points of the scale", "the score"),
        code("channel", "where it was asked"),
        code("language", "ISO 639-1"),
        *redacted_text("the comment, redacted"),
    ),
    KeepDays(1095),
    Erasure.DELETE_ROW,
    Buckets.FEW,
)
