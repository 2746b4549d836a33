"""Documents in the case's history, in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from fangxin.cases.timeline import tells
from fangxin.documents.models import Method, Recipient
from fangxin.documents.specs import forms


def _named(values: Mapping[str, Any]) -> dict[str, str]:
    known = forms().get(values["form"])
    name = known.name(get_language() or "zh-hans") if known else values["form"]
    return {"form": name, "number": values["number"]}


@tells("documents.DocumentIssued")
def _issued(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    return _("Document issued: %(form)s, %(number)s") % _named(values)


@tells("documents.DocumentDelivered")
def _delivered(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    to = dict(Recipient.choices).get(values["to"], values["to"])
    method = dict(Method.choices).get(values["method"], values["method"])
    return _("Delivered to the %(to)s (%(method)s): %(form)s, %(number)s") % {**_named(values), "to": to, "method": method}


@tells("documents.DocumentVoided")
def _voided(values: Mapping[str, Any], _offices: Mapping[str, str]) -> str:
    return _("Document voided: %(form)s, %(number)s") % _named(values)
