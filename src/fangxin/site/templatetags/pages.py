"""What the base templates need to draw a page."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext, gettext_lazy, pgettext_lazy

from fangxin.accounts.models import Person, Role
from fangxin.kernel.errors import DomainError

register = template.Library()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the main navigation; without roles it is for everybody who is signed in."""

    url: str
    label: Any
    roles: frozenset[Role] = frozenset()


ENTRIES = (
    Entry("cases:bench", gettext_lazy("Dispatch bench"), frozenset({Role.CITY_DESK})),
    Entry("cases:list", gettext_lazy("Work list")),
    Entry("cases:new", gettext_lazy("New entry"), frozenset({Role.CITY_DESK, Role.OFFICER})),
    Entry("cases:supervision", gettext_lazy("Supervision"), frozenset({Role.SUPERVISOR, Role.CITY_DESK})),
    Entry("mediation:calendar", pgettext_lazy("page", "Mediation"), frozenset({Role.OFFICER, Role.MEDIATOR, Role.SUPERVISOR})),
    Entry("odr:enterprises", gettext_lazy("ODR"), frozenset({Role.OFFICER, Role.CITY_DESK, Role.SUPERVISOR, Role.EVALUATOR})),
    Entry("knowledge:list", gettext_lazy("Knowledge base")),
    Entry("exchange:quarantine", gettext_lazy("Quarantine"), frozenset({Role.CITY_DESK, Role.ADMINISTRATOR})),
    Entry("notices:outbox", pgettext_lazy("notice", "Outbox"), frozenset({Role.CITY_DESK, Role.SUPERVISOR, Role.ADMINISTRATOR})),
    Entry("site:operations", gettext_lazy("Operation"), frozenset({Role.ADMINISTRATOR, Role.AUDITOR})),
    Entry("accounts:me", gettext_lazy("My account")),
)


@register.inclusion_tag("parts/nav.html", takes_context=True)
def main_nav(context: template.Context) -> dict[str, Any]:
    """The entries whose page exists and whose role the person has."""
    request = context.get("request")
    person = getattr(request, "user", None)
    entries: list[dict[str, Any]] = []
    if isinstance(person, Person) and not person.must_change_password:
        here = request.path if request else ""
        for entry in ENTRIES:
            if entry.roles and entry.roles.isdisjoint(person.roles()):
                continue
            try:
                address = reverse(entry.url)
            except NoReverseMatch:
                continue
            entries.append({"label": entry.label, "address": address, "current": False})
        fitting = [entry for entry in entries if here.startswith(str(entry["address"]))]
        if fitting:
            max(fitting, key=lambda entry: len(str(entry["address"])))["current"] = True
    return {"entries": entries}


@register.simple_tag(takes_context=True)
def page_title(context: template.Context) -> str:
    """What the page put in its block `title`: Django draws a block once, and the title stands in the window and in the h1."""
    blocks = context.render_context.get(BLOCK_CONTEXT_KEY)
    block = blocks.get_block("title") if blocks else None
    return mark_safe(block.render(context).strip()) if block else ""  # noqa: S308 -- a drawn block is already escaped


@register.filter
def sentence(error: DomainError) -> str:
    """A refusal in the reader's language."""
    text = gettext(error.message)
    return text % error.params if error.params else text
