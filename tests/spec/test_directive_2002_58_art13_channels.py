"""Directive 2002/58/EC, Article 13: marketing by message needs consent, or one's own customers who may refuse it.

Article 13(1) and (2); who declares the ground is the source contract, for each channel.
"""

from privacy.contact import channel_standings, decide_channel
from privacy.terms import LegalBasis


def test_directive_2002_58_art13_without_consent_only_a_declared_ground_opens_a_channel_to_marketing() -> None:
    """Where no consent stands, direct marketing needs legitimate interests that the source declares for the channel."""
    for standing in channel_standings():
        answer = decide_channel(standing, direct_marketing=True)
        ground = getattr(answer, "ground", None)
        assert ground in {None, LegalBasis.CONSENT, LegalBasis.LEGITIMATE_INTERESTS}
        if ground is LegalBasis.LEGITIMATE_INTERESTS:
            assert standing.declared is LegalBasis.LEGITIMATE_INTERESTS
