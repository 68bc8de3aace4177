"""The modules of this folder: who asks for help and about what, and which machine fails."""

from typing import Final

from predict.likelihood.module import Likelihood
from predict.service.contact import Contact
from predict.service.declaration import MAINTENANCE, SERVICE

MODULES: Final = {SERVICE.name: Contact(SERVICE), MAINTENANCE.name: Likelihood(MAINTENANCE)}
