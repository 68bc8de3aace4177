"""One round of the hub's post: find out whom wishes mean, then send what is due."""

from hub.compose import Hub
from hub.identification.challenge import look_up
from hub.outbox.post import post_of
from hub.outbox.sending import Sent, has_letters_due, send_due


def go_round(hub: Hub) -> Sent:
    """Look up who asked for a code, then send the letters that are due; without a mail server nothing leaves.

    Raises:
        ServiceUnreachable: the mail server cannot be reached; every letter is tried again later.

    """
    post = post_of(hub.settings)
    if post is None:
        return Sent()
    while look_up(hub):
        pass
    return send_due(hub, post) if has_letters_due(hub) else Sent()
