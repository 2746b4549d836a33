"""What happened, as small frozen records. Upper apps define their own; every one is journalled."""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any, ClassVar, get_args, get_type_hints

from fangxin.kernel.refs import Ref

_BASE = {"subject", "actor", "at"}
_CLASSES: dict[str, "type[Event]"] = {}
_CODECS: dict["type[Event]", list[tuple[str, Callable[[Any], Any] | None]]] = {}


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to one subject.

    Further fields hold references, codes, numbers, dates and hashes, never personal data: the journal can't forget.
    """

    name: ClassVar[str] = ""
    opens: ClassVar[bool] = False
    """True if this is always the first event of its subject: the chain then starts without looking for a predecessor."""

    subject: Ref
    actor: Ref
    at: datetime
    """When it happened (aware); when it was written down is the journal's own."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not cls.__dict__.get("name"):
            raise TypeError(f"{cls.__name__} needs a name such as 'cases.CaseReceived'.")
        known = _CLASSES.get(cls.name)
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"Two events are called {cls.name}.")
        _CLASSES[cls.name] = cls

    def data(self) -> str:
        """The further fields as canonical JSON (sorted keys, no spaces)."""
        values = {name: getattr(self, name) for name, _ in _codec(type(self))}
        return _encode(values)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone.")
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} can't stand in the journal.")


_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain).encode


def _codec(cls: type[Event]) -> list[tuple[str, Callable[[Any], Any] | None]]:
    """Field names with the function that brings a JSON value back, computed once a class."""
    if cls not in _CODECS:
        hints = get_type_hints(cls)
        _CODECS[cls] = [(field.name, _reader(hints[field.name])) for field in fields(cls) if field.name not in _BASE]
    return _CODECS[cls]


def _reader(hint: Any) -> Callable[[Any], Any] | None:
    options = {hint, *get_args(hint)}
    if datetime in options:
        return datetime.fromisoformat
    if date in options:
        return date.fromisoformat
    if any(getattr(option, "__origin__", None) is tuple for option in options):
        return _tuples
    return None


def _tuples(value: Any) -> Any:
    """JSON's lists as the tuples that they were."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def rebuild(name: str, *, subject: str, actor: str, at: datetime, data: str) -> Event:
    """The event that a journal row tells of. Raises KeyError for a name that no app defines."""
    cls = _CLASSES[name]
    raw = json.loads(data)
    values = {key: (read(raw[key]) if read and raw[key] is not None else raw[key]) for key, read in _codec(cls) if key in raw}
    return cls(subject=Ref(subject), actor=Ref(actor), at=at, **values)
