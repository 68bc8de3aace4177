"""Everything that can go wrong in `hub`, named after what happened.

The CLI and the API map class to exit code and status.

Texts say what, why and how to mend, and never hold a value from a row.
"""

from collections.abc import Mapping
from datetime import datetime


class HubError(Exception):
    """The base of every error raised in `hub`."""


class HomeUnsafe(HubError):
    """A file or folder of the home can be read by others, or is missing."""

    def __init__(self, what: str, why: str, remedy: str) -> None:
        super().__init__(f"{what}: {why}. {remedy}")
        self.remedy = remedy


class SettingsInvalid(HubError):
    """A setting is missing or cannot be used."""

    def __init__(self, name: str, why: str, remedy: str) -> None:
        super().__init__(f"setting {name}: {why}. {remedy}")
        self.name = name


class ServiceUnreachable(HubError):
    """A database, key store, object store or key service does not answer."""

    def __init__(self, service: str, why: str) -> None:
        super().__init__(f"{service} cannot be reached: {why}. Nothing was read or written; try again when it is back")
        self.service = service


class WriteUnknown(HubError):
    """A COMMIT was sent and no answer came: it may or may not have happened; retry with the same idempotency key."""

    def __init__(self) -> None:
        super().__init__("the commit was sent but not confirmed; repeat the same request, it is safe to do so")


class GenerationInUse(HubError):
    """A key generation cannot be destroyed: new keys go under it, or old ones still need it."""

    def __init__(self, generation_id: bytes) -> None:
        super().__init__(
            f"key generation {generation_id.hex()} is the current one, unknown, or still wraps keys: start a new one "
            "and rewrap the keys of this one first"
        )
        self.generation_id = generation_id


class AccessRefused(HubError):
    """The gate said no; `because` is a rule's name."""

    def __init__(self, because: str, remedy: str = "") -> None:
        super().__init__(f"refused: {because}" + (f". {remedy}" if remedy else ""))
        self.because = because
        self.noted = False  # true once the audit log knows of it, so that no door tells it twice


class NotAuthenticated(HubError):
    """No principal stands behind the call, or its token is unknown, expired or revoked."""

    def __init__(self) -> None:
        super().__init__(
            "no valid principal: set VARDE_TOKEN to a principal's token, or ask for one with `varde principal add`"
        )


class ReadContended(HubError):
    """What was being read kept changing; nothing was released."""

    def __init__(self, view: str) -> None:
        super().__init__(f"view {view}: consents or batches kept changing while it was read. Try again in a moment")
        self.view = view


class SubjectNotFound(HubError):
    """Nobody in this hub carries the identifier that was given; it is not repeated here."""

    def __init__(self) -> None:
        super().__init__(
            "nobody here carries that identifier. Give email:ADDRESS, phone:NUMBER, SOURCE:KEY or a record id in hex"
        )


class ReceiptNotFound(HubError):
    """The person has no receipt of that id; whether somebody else has is not told."""

    def __init__(self) -> None:
        super().__init__("there is no such receipt among yours; see `GET /v1/me/receipts`")


class ErasureWaiting(HubError):
    """The person is closed and the keys are gone, but a long reader keeps old pages; the rest follows by itself."""

    def __init__(self, erasure_id: bytes) -> None:
        super().__init__(
            f"erasure {erasure_id.hex()}: nobody can read the person any more, but a long read keeps old pages "
            "alive. Run `varde erase --finish` when it has ended"
        )
        self.erasure_id = erasure_id


class DeliveryArriving(ErasureWaiting):
    """The person is closed and everything at rest is gone; a delivery on its way in may still hold a row of theirs."""

    def __init__(self, erasure_id: bytes) -> None:
        HubError.__init__(
            self,
            f"erasure {erasure_id.hex()}: nobody can read the person any more, but a delivery is being taken in that "
            "may hold a row of theirs. Run `varde erase --finish` when it has ended",
        )
        self.erasure_id = erasure_id


class NobodyErased(HubError):
    """No record and no erasure that began here has that id."""

    def __init__(self) -> None:
        super().__init__(
            "nobody was erased under that reference. Give the id of a record or of an erasure, 32 hexadecimal digits: "
            "see `varde audit log --action erasure.`"
        )


class ErasureNotFound(HubError):
    """No completed erasure has that id, or it is of before certificates were kept."""

    def __init__(self) -> None:
        super().__init__("there is no certificate of that erasure: see `varde audit log --action erasure.complete`")


class ErasureIncomplete(HubError):
    """Something is left of somebody who was erased; says where, never what."""

    def __init__(self, left: Mapping[str, int]) -> None:
        where = ", ".join(f"{count} in {place}" for place, count in sorted(left.items()))
        super().__init__(f"something is left of the erased: {where}. Run `varde erase --finish`, then verify again")
        self.left = dict(left)


class ChildFailed(HubError):
    """Training or scoring ended without an answer; its own words are not repeated."""

    def __init__(self, module: str, kind: str, told: str) -> None:
        super().__init__(f"{module}: {kind}: {told}")
        self.module = module
        self.kind = kind
        self.told = told


class ChildBusy(HubError):
    """The child that answers for a module is with others' questions."""

    def __init__(self, module: str) -> None:
        super().__init__(f"{module}: others' questions take too long just now; nothing was told. Ask again in a moment")
        self.module = module


class ModelNotFound(HubError):
    """No model of that module has been trained here, or none of the kind that was asked for (`because`)."""

    def __init__(self, module: str, because: str = "no model has been trained yet", remedy: str = "") -> None:
        remedy = remedy or f"Run `varde predict train {module}`"
        super().__init__(f"{module}: {because}. {remedy}")
        self.module = module


class StudyNotFound(HubError):
    """No study has been made here, or none proposed that."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}. {remedy}")
        self.remedy = remedy


class IdentityNotProven(HubError):
    """A code or an issuer's token that proves nothing here; what is wrong with it is not told."""

    def __init__(self) -> None:
        super().__init__("it proves nothing: it is wrong, was used, or is too old. Ask for a new code or sign in again")


class BodyUnfit(HubError):
    """What was sent is not what this route takes; says what that is."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"the body cannot be used: {rule}")
        self.rule = rule


class IdentificationBusy(HubError):
    """Too many want to be identified at once: everybody is told so alike, known or not."""

    def __init__(self) -> None:
        super().__init__("too many ask at once. Try again in a minute; the long code of a letter works meanwhile")


class ChoiceNotRecorded(HubError):
    """A data subject's choice could not be committed; nothing was acknowledged."""

    def __init__(self) -> None:
        super().__init__("the choice was not recorded. Send the same request again in a moment: it is safe to repeat")


class ChoiceWithoutEffect(HubError):
    """A purpose that does not end by a withdrawal or objection: saying "done" would be untrue."""

    def __init__(self, basis: str) -> None:
        super().__init__(
            f"this purpose rests on {basis} and does not end by this choice; nothing was recorded. "
            "Ask for restriction or erasure, or write to the data protection officer"
        )
        self.basis = basis


class StreamStopped(HubError):
    """Somebody in a release may no longer be read, or time is up: the rest of its bytes does not leave."""

    def __init__(self, because: str) -> None:
        super().__init__(f"the stream was stopped: {because}. What arrived must not be used; read the view again")
        self.because = because


class AnswersUnread(HubError):
    """Answers that their readers have not taken in yet hold all the memory that they may; nothing was released."""

    def __init__(self, mebibytes: int) -> None:
        super().__init__(
            f"answers that others are still reading fill the {mebibytes} MiB that they may hold, and this one does not "
            "fit beside them. Nothing was released: ask again once they have been read. Whoever runs the hub can raise "
            "VARDE_UNREAD_MIB, or let a proxy take answers in for slow readers"
        )


class RequestRefused(HubError):
    """The server answered with a problem (RFC 9457); `request_id` finds it in the server's log."""

    def __init__(self, status: int, slug: str, text: str, request_id: str) -> None:
        super().__init__(f"the hub refused ({status}, {slug}): {text} (request {request_id})")
        self.status = status
        self.slug = slug
        self.request_id = request_id


class AnswerBroken(HubError):
    """What arrived is not what left: incomplete, altered, or not in the form that was asked for."""

    def __init__(self, because: str) -> None:
        super().__init__(f"the answer cannot be used: {because}. Read the view again")
        self.because = because


class ReleaseExpired(HubError):
    """A release is past its expiry: its people may have opted out, expired or been erased since."""

    def __init__(self, release_id: str, expired_at: datetime) -> None:
        super().__init__(f"release {release_id} expired at {expired_at.isoformat()}: read the view again")
        self.release_id = release_id
        self.expired_at = expired_at


class RestorePending(HubError):
    """A database stands where it stood at an earlier time: it may have forgotten erasures and objections."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} is older than the ledger of erasures and objections: it was restored from a backup or a copy. "
            "Nothing is read and nothing is served until the ledger has been replayed: run `varde restore --replay`"
        )
        self.what = what


class RestoreUnfit(HubError):
    """What is being restored does not belong together, or is not what was saved."""

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(f"{why}. {remedy}")
        self.remedy = remedy


class BackupRefused(HubError):
    """A backup cannot be made as asked."""

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(f"{why}. {remedy}")
        self.remedy = remedy
