"""A case's history (办理经过) in words: the journal's entries, what was written at them, and who did it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from fangxin.accounts.models import Office, Person
from fangxin.cases import words
from fangxin.cases.events import ClueFound
from fangxin.cases.models import Case, Channel, Kind, Note, Side
from fangxin.cases.states import State
from fangxin.clocks.models import AdjustmentKind, Verdict
from fangxin.kernel import refs
from fangxin.kernel.errors import DomainError
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.law import Cite


@dataclass(slots=True)
class Item:
    """One line of the history."""

    at: datetime
    actor: str
    text: str
    law: str = ""
    note: Note | None = None
    details: list[str] = field(default_factory=list)
    """What it brought about: periods that began, ended or moved."""
    level: str = ""


FIND_CLUE = "find_clue"
"""The step at which the text of a clue was written."""
Tell = Callable[[Mapping[str, Any], Mapping[str, str]], str]
"""From an event's data and the names of offices by code: one sentence in the reader's language."""


def history(case: Case, *, notes: bool, clues: bool = True) -> list[Item]:
    """The history of a case, newest first; without `notes` what was written is left out, without `clues` that a report came of it
    (Order 121 Art 37). Four queries.
    """
    entries = [entry for entry in Entry.objects.of(case.ref) if clues or entry.event != ClueFound.name]
    written = [note for note in Note.objects.filter(case=case).order_by("at", "pk") if clues or note.step != FIND_CLUE] if notes else []
    data = [json.loads(entry.data) for entry in entries]
    people = names(entry.actor for entry in entries)
    people |= names(one.get("approver", "") for one in data)
    offices = dict(Office.objects.filter(code__in={one["unit"] for one in data if one.get("unit")}).values_list("code", "name"))
    items: list[Item] = []
    for entry, values in zip(entries, data, strict=True):
        tell = _TOLD.get(entry.event)
        text = tell(values, offices) if tell else _("Event %(name)s") % {"name": entry.event}
        last = items[-1] if items else None
        if last is not None and _belongs(entry, last):
            last.details.append(text)
            continue
        item = Item(entry.at, people.get(entry.actor, entry.actor), text, _law(values.get("law", "")), level=_LEVELS.get(entry.event, ""))
        if values.get("approver"):
            item.details.append(_("Approved by %(name)s") % {"name": people.get(values["approver"], values["approver"])})
        item.note = _take_note(written, entry, values)
        items.append(item)
    items += [Item(note.at, people.get(note.by) or names([note.by]).get(note.by, note.by), _step(note.step), note=note) for note in written]
    return sorted(items, key=lambda item: item.at)[::-1]


def _belongs(entry: Entry, last: Item) -> bool:
    """Whether an entry is told under the one before: periods under the step that moved them, alarms of one moment together."""
    if entry.event in _BROUGHT:
        return last.at == entry.at or entry.event == "clocks.ClocksStarted"
    return entry.event in _ALARMS and last.level in _ALARMS.values() and last.at == entry.at


def names(actors: Iterable[str]) -> dict[str, str]:
    """What actors are called: people by name, the rest by what it is."""
    wanted = {actor for actor in actors if actor}
    keys = [refs.identity(actor) for actor in wanted if refs.kind(actor) == Person.kind]
    found = (
        {str(refs.ref(Person.kind, pk)): name for pk, name in Person.objects.filter(pk__in=keys).values_list("pk", "name")} if keys else {}
    )
    machines = {
        "system": _("the system"),
        "import": _("import"),
        "exchange": _("import"),
        "profile": _("import"),
        "sample": _("sample data"),
        "account": _("the ODR enterprise"),
        "consumer": _("the consumer"),
    }
    return {actor: found.get(actor) or machines.get(refs.kind(actor), actor) for actor in wanted}


def _take_note(written: list[Note], entry: Entry, values: Mapping[str, Any]) -> Note | None:
    """The note that was written at this entry; it is taken out of the list."""
    if not values.get("note"):
        return None
    for place, note in enumerate(written):
        if note.at == entry.at and note.by == entry.actor:
            return written.pop(place)
    return None


def _law(cited: str) -> str:
    language = get_language() or "zh-hans"
    try:
        return ("、" if language.startswith("zh") else ", ").join(Cite.parse(text).text(language) for text in cited.split())
    except DomainError:
        return cited


# --- one event, one sentence -------------------------------------------------------------------------------------------------


def _step(name: str) -> str:
    return str(words.STEPS.get(name, name))


def _received(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    channel = dict(Channel.choices).get(values["channel"], values["channel"])
    kind = dict(Kind.choices).get(values["kind"], values["kind"])
    return _("Received through %(channel)s as %(kind)s") % {"channel": channel, "kind": kind}


def _updated(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    changed = _fields(values["changed"]) or _("the people in it")
    text = _("Filed again with changes: %(fields)s") % {"fields": changed}
    return text + (_("; not taken over: %(fields)s") % {"fields": _fields(values["ignored"])} if values.get("ignored") else "")


def _fields(columns: Sequence[str]) -> str:
    labels = {one.name: str(getattr(one, "verbose_name", one.name)) for one in Case._meta.get_fields()}  # noqa: SLF001 -- Django's documented Model._meta
    labels["received_at"] = labels["first_received_at"]
    return _(", ").join(labels.get(name, name) for name in columns)


def _kind_set(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    return _("Kind set: %(kind)s") % {"kind": dict(Kind.choices).get(values["kind"], values["kind"])}


def _matched(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    return _("Respondent matched to the register") if values["trader"] else _("Match with the register taken back")


def _stepped(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    return _step(values["step"])


def _dispatched(values: Mapping[str, Any], offices: Mapping[str, str]) -> str:
    unit = offices.get(values["unit"], values["unit"])
    text = _("Dispatched anew to %(unit)s") if values["step"] == "redispatch" else _("Dispatched to %(unit)s")
    return text % {"unit": unit}


def _returned(values: Mapping[str, Any], offices: Mapping[str, str]) -> str:
    return _("Returned to the desk by %(unit)s") % {"unit": offices.get(values["unit"], values["unit"])}


def _responded(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    told = {"method": words.METHODS.get(values["method"], values["method"])}
    result = values.get("result", "")
    if result == "unreached":
        return _("Tried to reach the person: %(method)s") % told
    text = (_("First response: %(method)s") if values["first"] else _("Response: %(method)s")) % told
    return text + (_("; %(result)s") % {"result": words.CONTACTS.get(result, result)} if result and result != "spoken" else "")


def _proof(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    if values.get("result"):
        return _("Proof of identity: %(result)s") % {"result": words.PROOFS.get(values["result"], values["result"])}
    return _("Asked for proof of identity until %(day)s") % {"day": values.get("until") or "—"}


def _party_told(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    side = dict(Side.choices).get(values["side"], values["side"])
    text = _("Told of the termination: %(side)s") % {"side": side}
    return text + (_(" (%(method)s)") % {"method": words.METHODS.get(values["method"], values["method"])} if values["method"] else "")


def _undone(template: str) -> Tell:
    def tell(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
        told = {
            "step": _step(values["undone"]),
            "state": dict(State.choices).get(values["state"], values["state"]),
            "n": values.get("times", 1),
        }
        return _(template) % told

    return tell


def _called_back(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    if not values["reached"]:
        return _("Call-back %(n)s: reached nobody") % {"n": values["attempt"]}
    told = {
        "n": values["attempt"], "process": values["process"], "result": values["result"],
        "solved": _("solved") if values["solved"] else _("not solved"),
    }  # fmt: skip
    return _("Call-back %(n)s: process %(process)s of 5, result %(result)s of 5, %(solved)s") % told


def _recovery(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    return _("Amount recovered corrected from %(was)s to %(now)s") % {
        "was": words.yuan(values["was_fen"]),
        "now": words.yuan(values["recovered_fen"]),
    }


def _reinstated(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    told = {"term": words.term_name(values["term"]), "day": values["strict"] or _("not set yet")}
    return _("Runs on from its original start: %(term)s; last day %(day)s") % told


def _closed(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    text = _("Closed: %(outcome)s") % {"outcome": dict(State.choices).get(values["outcome"], values["outcome"])}
    told = words.REPORT_GROUNDS.get(values["step"], {}).get(values.get("ground", ""))
    if told:
        text += _(": %(words)s") % {"words": told}
    elif values.get("ground"):
        text += _(", ground %(ground)s") % {"ground": values["ground"]}
    return text + (_(", recovered %(amount)s") % {"amount": words.yuan(values["recovered_fen"])} if values.get("recovered_fen") else "")


def _started(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    return _("Periods begin: %(terms)s") % {"terms": _(", ").join(words.term_name(term) for term, *_rest in values["clocks"])}


def _stopped(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    verdict = dict(Verdict.choices).get(values["verdict"], values["verdict"])
    return _("Period ends: %(term)s, %(verdict)s") % {"term": words.term_name(values["term"]), "verdict": verdict}


def _alarm(template: str) -> Callable[[Mapping[str, Any], Mapping[str, str]], str]:
    def tell(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
        return _(template) % {"term": words.term_name(values["term"])}

    return tell


def _adjusted(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    kind = _("pause ended") if values["kind"] == "resume" else dict(AdjustmentKind.choices).get(values["kind"], values["kind"])
    told = {"term": words.term_name(values["term"]), "change": kind, "day": values["now"] or _("not set yet")}
    return _("Period changed: %(term)s, %(change)s; last day %(day)s") % told


def _recomputed(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    told = {"term": words.term_name(values["term"]), "day": values["strict"] or _("not set yet")}
    return _("New holiday calendar: %(term)s now ends on %(day)s") % told


def _revealed(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    shown = _(", ").join(str(words.FIELDS.get(name, name)) for name in values["fields"])
    return _("Looked at personal data (%(fields)s); purpose: %(purpose)s") % {"fields": shown, "purpose": words.purpose(values["purpose"])}


def tells(event: str) -> Callable[[Tell], Tell]:
    """Register how an upper app's event is told in the history of a case."""

    def register(function: Tell) -> Tell:
        _TOLD[event] = function
        return function

    return register


_TOLD: dict[str, Tell] = {
    "cases.CaseReceived": _received,
    "cases.CaseUpdated": _updated,
    "cases.KindSet": _kind_set,
    "cases.TraderMatched": _matched,
    "cases.CaseStep": _stepped,
    "cases.CaseDispatched": _dispatched,
    "cases.CaseReturned": _returned,
    "cases.CaseResponded": _responded,
    "cases.CaseReportedBack": _stepped,
    "cases.CaseAccepted": _stepped,
    "cases.CaseClosed": _closed,
    "cases.IdentityProof": _proof,
    "cases.PartyTold": _party_told,
    "cases.CaseTakenBack": _undone(gettext_noop("Taken back before its notice was served: %(step)s; “%(state)s” again")),
    "cases.CaseReopened": _undone(gettext_noop("Reopened (%(n)s): the end by “%(step)s” no longer stands; “%(state)s” again")),
    "cases.CalledBack": _called_back,
    "cases.RecoveryCorrected": _recovery,
    "clocks.ClocksStarted": _started,
    "clocks.ClockStopped": _stopped,
    "clocks.ClockReinstated": _reinstated,
    "clocks.ClockNearing": _alarm(gettext_noop("Alarm: %(term)s is nearing its end")),
    "clocks.ClockDue": _alarm(gettext_noop("Alarm: the last day of %(term)s is over")),
    "clocks.ClockBreached": _alarm(gettext_noop("Alarm: %(term)s is overdue")),
    "clocks.ClockAdjusted": _adjusted,
    "clocks.ClockRecomputed": _recomputed,
    "kernel.PersonalDataRevealed": _revealed,
}
_BROUGHT = frozenset({"clocks.ClocksStarted", "clocks.ClockStopped", "clocks.ClockAdjusted", "clocks.ClockReinstated"})
_ALARMS = {"clocks.ClockNearing": "near", "clocks.ClockDue": "grace", "clocks.ClockBreached": "overdue"}
_LEVELS = {**_ALARMS, "kernel.PersonalDataRevealed": "look", "files.FileOpened": "look"}
