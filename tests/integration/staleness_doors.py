"""Doors into a hub that clients choose and read by: a server over HTTP, one in a hurry, and an agent's own process."""

import http.client
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

import polars as pl

from hub.client import Client
from hub.consents import Subject, Wish, record_wish
from hub.contact.release import Outreach, released
from hub.errors import AnswerBroken, ChoiceNotRecorded, RequestRefused, ServiceUnreachable, WriteUnknown
from privacy.suppression import contact_purpose
from privacy.terms import ActChannel, ConsentAct, ContactChannel, PurposeId, RecordId
from tests.api.world import AS_OF, WINBACK, World
from tests.shop import NOTICE

VIEW: Final = "invited"
_AWAY_SECONDS: Final = 0.2  # a server that was killed takes seconds to come back
_EMAIL: Final = ContactChannel.EMAIL
_NOT_WRITTEN: Final = (ServiceUnreachable, WriteUnknown, ChoiceNotRecorded)


@dataclass(frozen=True)
class Outcome:
    """What a choice came to, as the caller knows it."""

    acknowledged: bool
    epoch: int | None = None


UNANSWERED: Final = Outcome(acknowledged=False)


class Door(Protocol):
    """A way into the hub."""

    def choose(self, person: int, *, present: bool) -> Outcome:
        """Give or withdraw."""
        ...

    def read(self) -> frozenset[int] | None:
        """Return the persons who may be used, None if they could not be read."""
        ...

    def close(self) -> None:
        """Let go of what is kept open."""
        ...


class HttpDoor:
    """One server process: `PUT /v1/me/purposes/...` and a view read, on connections that are kept."""

    def __init__(self, world: World, tokens: Sequence[str], port: int) -> None:
        self._port, self._tokens = port, tokens
        self._view = Client(f"http://127.0.0.1:{port}", world.reader_token).view(VIEW)
        self._persons = persons_of(world)
        self._kept: http.client.HTTPConnection | None = None

    def choose(self, person: int, *, present: bool) -> Outcome:
        try:
            self._send(person, present=present)
            response = self._connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException) as exc:
            self.close()
            if isinstance(exc, ConnectionRefusedError):
                time.sleep(_AWAY_SECONDS)
            return UNANSWERED
        if response.status == 503:
            return UNANSWERED
        if response.status != 200:
            raise RequestRefused(response.status, str(answer.get("type")), "a choice was refused", "none")
        return Outcome(acknowledged=True, epoch=int(answer["epoch"]) if answer["recorded"] else None)

    def read(self) -> frozenset[int] | None:
        try:
            frame = self._view.read(purpose=WINBACK, as_of=AS_OF)
        except (ServiceUnreachable, AnswerBroken):
            return None
        except RequestRefused as refused:
            if refused.status != 503:
                raise
            return None
        return frozenset(self._persons[pseudonym] for pseudonym in frame["pseudonym"])

    @property
    def _connection(self) -> http.client.HTTPConnection:
        if self._kept is None:
            self._kept = http.client.HTTPConnection("127.0.0.1", self._port, timeout=40)
        return self._kept

    def _send(self, person: int, *, present: bool) -> None:
        body = {"state": "given", "notice": NOTICE} if present else {"state": "withdrawn"}
        headers = {"Authorization": f"Bearer {self._tokens[person]}", "Content-Type": "application/json"}
        self._connection.request("PUT", f"/v1/me/purposes/{WINBACK}", json.dumps(body), headers)

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
        self._kept = None


class Hasty(HttpDoor):
    """A client that closes its connection before it has the answer."""

    def choose(self, person: int, *, present: bool) -> Outcome:
        with suppress(OSError, http.client.HTTPException):
            self._send(person, present=present)
        self.close()
        return UNANSWERED

    def read(self) -> frozenset[int] | None:
        with suppress(OSError, http.client.HTTPException):
            self._connection.request("GET", f"/v1/views/{VIEW}?purpose={WINBACK}&as_of=2025-06-01T00:00:00Z")
        self.close()
        return None


class AgentDoor:
    """A third process beside the servers: what an agent enters, and what a release of messages spares."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._outreach = Outreach(
            channel=_EMAIL, purpose=world.hub.policy().purpose(PurposeId(WINBACK)), at=world.hub.clock()
        )
        self._persons = {bytes(record): person for person, record in enumerate(world.records)}

    def open_channel(self) -> None:
        """Let everybody say that e-mail is all right: then a release spares them for the purpose alone."""
        for record in self._world.records:
            self._record(record, ConsentAct.GIVEN, contact_purpose(_EMAIL))

    def choose(self, person: int, *, present: bool) -> Outcome:
        act = ConsentAct.GIVEN if present else ConsentAct.WITHDRAWN
        try:
            return Outcome(acknowledged=True, epoch=self._record(self._world.records[person], act, PurposeId(WINBACK)))
        except _NOT_WRITTEN:
            return UNANSWERED

    def read(self) -> frozenset[int] | None:
        try:
            checked = released(self._world.hub, self._world.records, self._outreach, self._world.owner)
        except _NOT_WRITTEN:
            return None
        reached = checked.filter(pl.col("because").is_null())["record"]
        return frozenset(self._persons[bytes(record)] for record in reached)

    def close(self) -> None:
        """Nothing is kept: the hub is the world's."""

    def _record(self, record: RecordId, act: ConsentAct, purpose: PurposeId) -> int:
        subject = Subject(records=(record,))
        wish = Wish(act=act, purpose=purpose, channel=ActChannel.AGENT)
        return record_wish(self._world.hub, subject, wish, self._world.owner)


def persons_of(world: World) -> Mapping[bytes, int]:
    """Return who is behind a pseudonym of the view."""
    return {pseudonym: person for person, pseudonym in enumerate(world.pseudonyms[WINBACK])}
