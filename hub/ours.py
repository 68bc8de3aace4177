"""Which errors were written by us, and may be told."""

from typing import Final

from hub.errors import HubError
from ingest.errors import IngestError
from predict.errors import PredictError
from privacy.errors import PrivacyError
from privacy.verifier import ProofRejected

OURS: Final = (HubError, IngestError, PrivacyError, ProofRejected, PredictError)
"""Errors whose text was written for people and holds no value of a row; any other text stays unsaid."""
