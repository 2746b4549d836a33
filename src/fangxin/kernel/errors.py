"""The one tree of refusals: what the rules say no to, with a stable code and a sentence that can be translated."""

from typing import Any


class DomainError(Exception):
    """A refusal of the rules, never a crash.

    `code` is stable and machine-readable; `message` is an English template (the message id of its translation, so it is
    written as a literal at the place that raises it) and `params` fill it: `Refused("x.y", "Row %(row)s is late.", row=3)`.
    """

    def __init__(self, code: str, message: str, **params: Any) -> None:
        super().__init__(code, message, params)
        self.code = code
        self.message = message
        self.params = params

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message


class IllegalStep(DomainError):
    """The state, the role or the law does not allow this step now."""


class StaleState(DomainError):
    """Someone else changed the subject first; read it again."""


class UnknownRule(DomainError):
    """No rule or calendar is in force for what was asked: the law is never guessed."""


class BadInput(DomainError):
    """What was handed in can't be used as it is."""


class NotPermitted(DomainError):
    """The person may not do this to that."""
