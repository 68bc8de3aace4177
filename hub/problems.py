"""What an error means outside: one table from class to exit code and HTTP status, for the CLI and the API alike.

Every error class of the four packages stands here by name; a test walks the packages and fails where one is missing.
Nothing else in the house knows an exit code or a status. `slug` names the kind of problem in RFC 9457 answers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from sqlalchemy.exc import DBAPIError

from hub.contact.asking import AskedTooSoon
from hub.database.unit import RuleBroken, StorageFull, sanitised
from hub.errors import (
    AccessRefused,
    AnswerBroken,
    AnswersUnread,
    BackupRefused,
    BodyUnfit,
    ChildBusy,
    ChildFailed,
    ChoiceNotRecorded,
    ChoiceWithoutEffect,
    DeliveryArriving,
    ErasureIncomplete,
    ErasureNotFound,
    ErasureWaiting,
    GenerationInUse,
    HomeUnsafe,
    HubError,
    IdentificationBusy,
    IdentityNotProven,
    ModelNotFound,
    NobodyErased,
    NotAuthenticated,
    ReadContended,
    ReceiptNotFound,
    ReleaseExpired,
    RequestRefused,
    RestorePending,
    RestoreUnfit,
    ServiceUnreachable,
    SettingsInvalid,
    StreamStopped,
    StudyNotFound,
    SubjectNotFound,
    WriteUnknown,
)
from hub.exit_code import ExitCode
from hub.lake import errors as lake
from hub.ours import OURS
from hub.recipients.address import RecipientUnfit
from hub.requests.rectifying import DetailUnfit
from hub.requests.reflection import TableUnclassified
from hub.requests.steps import RequestNotFound
from hub.retention.holds import HoldNotFound
from hub.retention.run import RunEndedElsewhere
from hub.suppression.identifier import IdentifierInvalid
from hub.suppression.listing import NothingSuppressed
from hub.views.errors import CutRefused, RowsRefused, SpecRefused
from hub.witness.rules import SubmissionRefused
from ingest.errors import (
    BatchBusy,
    ColumnsUnfit,
    ContractInvalid,
    FileRefused,
    IngestError,
    KindsDiffer,
    LaneBusy,
    ListRekeyed,
    MatchingMoved,
    RebuildBusy,
    RulesInvalid,
    SpecInvalid,
    StateMoved,
)
from ingest.prepass.container import StreamBroken
from predict import errors as predict
from privacy.answer import AnswerMissing
from privacy.audit import AuditFieldRefused
from privacy.errors import (
    KekRefused,
    KekUnavailable,
    KeyNotFound,
    PolicyInvalid,
    PrivacyError,
    PurposeUnknown,
    SealBroken,
    WrongSecretLength,
)
from privacy.receipt import ReceiptRejected
from privacy.request import StepRefused
from privacy.store.audit import EntryNotFound, LogHeadMissing
from privacy.verifier import ProofRejected


@dataclass(frozen=True, slots=True)
class Problem:
    """What a class of errors means: exit code, HTTP status, a title that says nothing about the case.

    A 503 tells after how many seconds to ask again.
    """

    exit_code: ExitCode
    status: HTTPStatus
    title: str
    retry_seconds: int = 2


UNEXPECTED: Final = Problem(ExitCode.UNEXPECTED, HTTPStatus.INTERNAL_SERVER_ERROR, "Something unexpected happened")

_BROKEN: Final = Problem(ExitCode.UNEXPECTED, HTTPStatus.INTERNAL_SERVER_ERROR, "A check of integrity failed")
_SETUP: Final = Problem(ExitCode.USAGE, HTTPStatus.INTERNAL_SERVER_ERROR, "The hub is not set up as it must be")
_UNFIT: Final = Problem(ExitCode.USAGE, HTTPStatus.UNPROCESSABLE_ENTITY, "What was given cannot be used")
_UNKNOWN: Final = Problem(ExitCode.USAGE, HTTPStatus.NOT_FOUND, "There is no such thing here")
_LATER: Final = Problem(ExitCode.UNREACHABLE, HTTPStatus.SERVICE_UNAVAILABLE, "Not now: try again later")
_BUSY: Final = Problem(ExitCode.UNREACHABLE, HTTPStatus.CONFLICT, "Somebody else is at it: try again")
_FULL: Final = Problem(ExitCode.UNREACHABLE, HTTPStatus.INSUFFICIENT_STORAGE, "There is no room left")

PROBLEMS: Final[Mapping[type[Exception], Problem]] = {
    HubError: UNEXPECTED,
    HomeUnsafe: _SETUP,
    SettingsInvalid: _SETUP,
    ServiceUnreachable: _LATER,
    RestoreUnfit: _UNFIT,
    BackupRefused: _UNFIT,
    RestorePending: Problem(ExitCode.REFUSED, HTTPStatus.SERVICE_UNAVAILABLE, "A restore must be finished first"),
    WriteUnknown: _LATER,
    AccessRefused: Problem(ExitCode.REFUSED, HTTPStatus.FORBIDDEN, "Refused by policy"),
    NotAuthenticated: Problem(ExitCode.REFUSED, HTTPStatus.UNAUTHORIZED, "No valid principal"),
    IdentityNotProven: Problem(ExitCode.REFUSED, HTTPStatus.UNAUTHORIZED, "Identity not proven"),
    IdentificationBusy: _LATER,
    BodyUnfit: _UNFIT,
    ReadContended: _LATER,
    ChoiceNotRecorded: _LATER,
    ChoiceWithoutEffect: Problem(ExitCode.REFUSED, HTTPStatus.CONFLICT, "The choice would have no effect"),
    StreamStopped: _LATER,
    AnswersUnread: replace(_LATER, retry_seconds=30),  # a slow reader has 300
    RequestRefused: Problem(ExitCode.REFUSED, HTTPStatus.BAD_GATEWAY, "The hub refused"),
    AnswerBroken: Problem(ExitCode.UNREACHABLE, HTTPStatus.BAD_GATEWAY, "The answer cannot be used"),
    ReleaseExpired: Problem(ExitCode.REFUSED, HTTPStatus.GONE, "The release has expired"),
    SubjectNotFound: _UNKNOWN,
    IdentifierInvalid: _UNFIT,
    NothingSuppressed: _UNKNOWN,
    AskedTooSoon: Problem(ExitCode.REFUSED, HTTPStatus.CONFLICT, "Asked too soon"),
    ReceiptNotFound: _UNKNOWN,
    ErasureWaiting: _BUSY,
    ErasureIncomplete: _BROKEN,
    ErasureNotFound: _UNKNOWN,
    NobodyErased: _UNKNOWN,
    GenerationInUse: _BUSY,
    DeliveryArriving: _BUSY,
    ChildFailed: _UNFIT,
    ChildBusy: _LATER,
    ModelNotFound: _UNKNOWN,
    StudyNotFound: _UNKNOWN,
    RuleBroken: Problem(ExitCode.UNEXPECTED, HTTPStatus.CONFLICT, "The database refused a row"),
    StorageFull: _FULL,
    SpecRefused: _UNFIT,
    CutRefused: _UNFIT,
    RowsRefused: _UNFIT,
    SubmissionRefused: _UNFIT,
    lake.LakeError: UNEXPECTED,
    lake.LakeFileRefused: _BROKEN,
    lake.LakeFileNotWritten: _FULL,
    lake.SnapshotExpired: _LATER,
    lake.IntentExpired: _LATER,
    lake.CatalogueConflict: _BUSY,
    lake.FrameRefused: _BROKEN,
    IngestError: UNEXPECTED,
    ContractInvalid: _UNFIT,
    FileRefused: _UNFIT,
    SpecInvalid: _UNFIT,
    RulesInvalid: _UNFIT,
    KindsDiffer: _UNFIT,
    ColumnsUnfit: _UNFIT,
    StreamBroken: _UNFIT,
    BatchBusy: _BUSY,
    LaneBusy: _BUSY,
    ListRekeyed: _BUSY,
    MatchingMoved: _BUSY,
    RebuildBusy: _BUSY,
    StateMoved: _BUSY,
    PrivacyError: UNEXPECTED,
    ReceiptRejected: _UNFIT,
    SealBroken: _BROKEN,
    WrongSecretLength: _BROKEN,
    KeyNotFound: _BROKEN,
    KekUnavailable: _LATER,
    KekRefused: _LATER,
    PolicyInvalid: _UNFIT,
    PurposeUnknown: _UNKNOWN,
    DetailUnfit: _UNFIT,
    RecipientUnfit: _UNFIT,
    TableUnclassified: _SETUP,
    RequestNotFound: _UNKNOWN,
    HoldNotFound: _UNKNOWN,
    RunEndedElsewhere: _BUSY,
    AnswerMissing: Problem(ExitCode.REFUSED, HTTPStatus.CONFLICT, "What was asked for is not done yet"),
    StepRefused: Problem(ExitCode.REFUSED, HTTPStatus.CONFLICT, "The request cannot take this step"),
    ProofRejected: _BROKEN,
    EntryNotFound: _UNKNOWN,
    LogHeadMissing: _BROKEN,
    AuditFieldRefused: _UNFIT,
    predict.PredictError: UNEXPECTED,
    predict.FrameRefused: _BROKEN,
    predict.TooFewCustomers: _UNFIT,
    predict.LabelNotYetKnown: _UNFIT,
    predict.ArtefactRefused: _BROKEN,
    predict.MessageRefused: _BROKEN,
    predict.RuleRefused: _UNFIT,
    predict.TextRefused: _UNFIT,
    predict.TreesMissing: _SETUP,
}

_WORD_START: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def problem_of(error: BaseException) -> Problem:
    """Return what an error means, by its nearest class in the table; a stranger is unexpected."""
    return next((PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS), UNEXPECTED)


def said(error: Exception) -> Exception:
    """Return the error as it may be told: a driver's, which can carry parameters, becomes one of ours."""
    return sanitised(error) if isinstance(error, DBAPIError) else error


def slug_of(error: BaseException) -> str:
    """Name the kind of problem for machines: `AccessRefused` is `access-refused`; a stranger stays unnamed."""
    if not isinstance(error, OURS):
        return "unexpected"
    return _WORD_START.sub("-", type(error).__name__).lower()
