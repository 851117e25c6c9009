"""The form that comes before a sign-in, or is one: what the provider asks, and the keys of the way chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings

from integrations import pasting
from integrations.asking import ConnectRefused
from integrations.forms import AccessForm
from integrations.provider import FileOnly, PastedKeys
from integrations.schemes import fields_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.models import Connection
    from integrations.provider import Provider, Scheme

#: In what words a person chooses among several ways.
WAYS = {
    "oauth2": "Sign in there",
    "link": "Sign in there",
    "keys": "Paste keys",
    "credentials": "Paste an id and a secret",
    "session": "With a login made for us",
    "posted": "Agree there",
}


@dataclass(frozen=True, slots=True)
class Way:
    """One way to connect a provider: its scheme, and the form it needs."""

    provider: Provider
    scheme: Scheme
    old: Connection | None = None

    @property
    def is_direct(self) -> bool:
        return pasting.is_direct(self.scheme)

    @property
    def needs_form(self) -> bool:
        """Whether something must be typed first; the place of a connection to be mended is known."""
        return self.is_direct or (bool(self.provider.asks) and (self.old is None or not self.old.where))

    @property
    def may_stay(self) -> bool:
        """Whether keys may be left as they are."""
        return self.old is not None and not self.old.is_by_file and self.old.scheme == self.scheme.kind

    @property
    def title(self) -> str:
        return WAYS.get(self.scheme.kind, "")

    @property
    def help(self) -> str:
        return str(getattr(self.scheme, "help", ""))

    @property
    def is_paste(self) -> bool:
        return isinstance(self.scheme, PastedKeys)

    def form(self, given: Mapping[str, str] | None = None) -> AccessForm:
        return AccessForm(
            given,
            asks=self.provider.asks,
            keys=fields_of(self.scheme),
            known=self.old.where if self.old is not None else {},
            may_stay=self.may_stay,
        )

    def others(self) -> list[Way]:
        """The other ways to the same provider."""
        return [Way(self.provider, scheme, self.old) for scheme in self.provider.schemes if scheme is not self.scheme]

    def page(self, form: AccessForm, problem: str = "") -> dict[str, Any]:
        """What the template of the form needs."""
        return {
            "way": self,
            "form": form,
            "problem": problem,
            "provider": self.provider,
            "sandbox": settings.SANDBOX_URL,
        }


def way(provider: Provider, kind: str, old: Connection | None = None) -> Way | None:
    """The way of this kind (the first for ''), None where the provider has none such or is brought as files only."""
    if not kind and old is not None and not old.is_by_file:
        kind = old.scheme
    scheme = provider.scheme(kind)
    if isinstance(scheme, FileOnly) or (kind and scheme.kind != kind):
        return None
    return Way(provider, scheme, old)


def refused(form: AccessForm, refusal: ConnectRefused) -> str:
    """Put what is wrong at its field; the words for the whole form where it is of none."""
    if not isinstance(refusal, pasting.WrongFields):
        return f"Nothing was connected: {refusal}."
    for name, wrong in refusal.problems.items():
        form.add_error(name, wrong)
    return ""
