"""Everything that can go wrong under `ingest`, named after what happened.

An error names the contract, the line, the column, the rule and the remedy. It never holds a value from a row, a file's
name or path, or a header that the contract does not declare: each of these may be personal data.
"""


class IngestError(Exception):
    """The base of every error raised in `ingest`."""


class ContractInvalid(IngestError):
    """A source contract breaks a rule; `where` is the path of keys inside the YAML, such as `columns.total.to`."""

    def __init__(self, contract: str, where: str, rule: str, remedy: str) -> None:
        super().__init__(f"contract {contract or '(unnamed)'}: {where or '(top)'}: {rule}; {remedy}")
        self.contract = contract
        self.where = where
        self.rule = rule
        self.remedy = remedy


class FileRefused(IngestError):
    """A delivered file cannot be read as its contract says: nothing of it may become visible.

    `source` is the contract's name, `line` the physical line (or sheet row, or record number) counted from 1 or None
    where the fault is the file's, `column` a declared column or a position, never a header taken from the file.
    """

    def __init__(self, source: str, rule: str, remedy: str, *, line: int | None = None, column: str = "") -> None:
        where = (f", line {line}" if line is not None else "") + (f", column {column}" if column else "")
        super().__init__(f"{source}{where}: {rule}; {remedy}")
        self.source = source
        self.line = line
        self.column = column
        self.rule = rule
        self.remedy = remedy


class BatchBusy(IngestError):
    """Another process is taking in the same file at this moment, or has taken this batch over."""

    def __init__(self, contract: str) -> None:
        super().__init__(
            f"{contract}: another process is taking in this very file; wait for it, the result will be the same"
        )
        self.contract = contract


class ListRekeyed(IngestError):
    """The suppression list has entries under a newer version of its key than a delivery knows."""

    def __init__(self, contract: str) -> None:
        super().__init__(
            f"{contract}: the key of the suppression list was rotated since this delivery began; take the file in "
            "again. If that is said once more, the key store is older than the list: see `varde keys status`"
        )
        self.contract = contract


class LaneBusy(BatchBusy):
    """Another process is taking in another file of the same lane: two at once could count the same rows twice."""

    def __init__(self, contract: str) -> None:
        IngestError.__init__(
            self,
            f"{contract}: another file of this kind is being taken in at this moment, and two at once could count a "
            "row twice; run the same command again when that one has ended (`varde ingest` waits for it a while)",
        )
        self.contract = contract


class MatchingMoved(BatchBusy):
    """Matching moved to a new version since a delivery began: whom it brings in the old one nobody would find."""

    def __init__(self, contract: str) -> None:
        IngestError.__init__(
            self,
            f"{contract}: matching moved to a new version since this began, and nobody would find whom it brings; "
            "nothing of it was kept: run it again",
        )
        self.contract = contract


class RebuildBusy(BatchBusy):
    """A rebuild of matching cannot go on: `why` says what came between."""

    def __init__(self, why: str) -> None:
        IngestError.__init__(
            self,
            f"matching everybody anew {why}; run `varde match rebuild` again: what it had made and still holds is "
            "not made twice",
        )
        self.contract = "rebuild"


class SpecInvalid(IngestError):
    """A spec or a model of matching says something that cannot be."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"matching, {where}: {why}. Mend the document, or train anew with `varde match train`")
        self.where = where
        self.why = why


class ColumnsUnfit(IngestError):
    """Records to be matched lack a column, or bear an identifier twice."""

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(f"records cannot be matched: {why}. {remedy}")
        self.why = why
        self.remedy = remedy


class StateMoved(IngestError):
    """Records were moved or taken in whenever an answer about one was worked out: none is of one state."""

    def __init__(self) -> None:
        super().__init__("records were moved or taken in while one was asked about; ask again when it is calmer")


class RulesInvalid(IngestError):
    """Survivorship rules say something that cannot be; `where` is the path of keys, such as `person.address.by`."""

    def __init__(self, where: str, rule: str, remedy: str) -> None:
        super().__init__(f"survivorship rules: {where}: {rule}; {remedy}")
        self.where = where
        self.rule = rule
        self.remedy = remedy


class KindsDiffer(IngestError):
    """Of two records that somebody decides on one is not of the kind that was named: nobody is both."""

    def __init__(self) -> None:
        super().__init__("a person and an organisation are never one; name two records of one kind, with --kind")
