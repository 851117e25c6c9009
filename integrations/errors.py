"""What can go wrong with a provider, named by what the caller must do. Messages hold no secrets and no response bodies."""

from __future__ import annotations


class ProviderError(Exception):
    """Base of everything a provider call may raise; never raised itself."""


class RetryLater(ProviderError):  # noqa: N818
    """The provider is busy, down or unreachable: try again after ``retry_after`` seconds."""

    def __init__(self, message: str, *, retry_after: float = 60, trace: str = "") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.trace = trace


class Unanswered(RetryLater):
    """The request left but no clear answer came back: a write may have happened. Look it up before sending again."""


class Reconnect(ProviderError):  # noqa: N818
    """The grant is gone (revoked, expired, login required): only a person can mend it."""


class Forbidden(Reconnect):
    """The grant works but lacks a scope or right; the message says which."""


class StaleCursor(ProviderError):  # noqa: N818
    """The provider refuses the cursor or changed data under it: drop the unfinished window and start it again."""


class Refused(ProviderError):  # noqa: N818
    """The provider understood and said no to a write: ``code`` and ``detail`` are its own; sending again is pointless.

    ``inactive`` are the ids (``Account:12``, ``Vendor:46``) of what must be made active there first. ``is_closed``: the day
    lies in a period that is closed there.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        detail: str = "",
        trace: str = "",
        inactive: tuple[str, ...] = (),
        is_closed: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.detail = detail
        self.trace = trace
        self.inactive = inactive
        self.is_closed = is_closed


class NotSupported(ProviderError):  # noqa: N818
    """This cannot be communicated to or by the provider."""


class PayloadError(ValueError):
    """A payload that does not say what it must. ``path`` names the field (``$.lines[3].amount``), ``problem`` what is wrong."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem
