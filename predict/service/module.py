"""The modules of this folder: who asks for help and about what, which machine fails, and what follows from it."""

from typing import Final

from predict.errors import MessageRefused
from predict.likelihood.module import Likelihood
from predict.service.answers import ANSWERS
from predict.service.contact import Contact
from predict.service.declaration import MAINTENANCE, SERVICE
from predict.wire import Message


class Service(Contact):
    """Who asks for help and about what, how many cases come in, and whose seats fill up."""

    def foresee(self, asked: str, message: Message) -> Message:
        """Answer `load` or `limits` (`predict.service.answers`)."""
        return _answered(self, asked, message, ("load", "limits"))


class Maintenance(Likelihood):
    """Which machine fails, and which visits follow from it."""

    def foresee(self, asked: str, message: Message) -> Message:
        """Answer `visits` (`predict.service.answers`)."""
        return _answered(self, asked, message, ("visits",))


def _answered(module: Likelihood, asked: str, message: Message, known: tuple[str, ...]) -> Message:
    if asked not in known:
        raise MessageRefused(f"{module.declared.name} tells {', '.join(known)}, not {asked}")
    return ANSWERS[asked](module, message)


MODULES: Final = {SERVICE.name: Service(SERVICE), MAINTENANCE.name: Maintenance(MAINTENANCE)}
