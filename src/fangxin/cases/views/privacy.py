"""What the person concerned may ask for (个人信息查阅、复制): look up by number, hand over a copy."""

import json
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from fangxin.accounts.access import person_of, staff
from fangxin.accounts.models import Role
from fangxin.cases import words
from fangxin.cases.models import Case
from fangxin.cases.services import privacy
from fangxin.kernel import permits
from fangxin.kernel.errors import DomainError


class SubjectForm(forms.Form):
    """By which number to look, and how the identity of who asks was checked."""

    phone = forms.CharField(label=gettext_lazy("Telephone of the person concerned"), required=False, max_length=40)
    id_number = forms.CharField(label=gettext_lazy("Identity number of the person concerned"), required=False, max_length=40)
    identity = forms.CharField(
        label=gettext_lazy("How the person's identity was checked"), required=False, max_length=200,
        help_text=gettext_lazy("Needed for handing over a copy, for example: identity card shown at the window."),
    )  # fmt: skip

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="subject_%s")
        for field in self.fields.values():
            field.widget.attrs |= {"class": "form-control", "autocomplete": "off"}


@staff(Role.CITY_DESK, Role.SUPERVISOR)
@sensitive_post_parameters("phone", "id_number")
@sensitive_variables("copy", "form")
@require_http_methods(["GET", "HEAD", "POST"])
def data_subject(request: HttpRequest) -> HttpResponseBase:
    """POST with `look`: which cases hold this person, masked. POST with `copy`: the copy as a file, journalled on each case."""
    person, now = person_of(request), timezone.now()
    form = SubjectForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"form": form}
    status = 200
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            parties = privacy.people_with(phone=given["phone"], id_number=given["id_number"])
            if "copy" in request.POST:
                return _file(privacy.copy_for(parties, by=person, at=now, identity=given["identity"]))
            seen = set(
                permits.rows(person, "reveal", Case.objects.filter(pk__in=[one.case_id for one in parties])).values_list("pk", flat=True)
            )
            context |= {"found": [one for one in parties if one.case_id in seen], "others": privacy.elsewhere(parties, seen)}
        except DomainError as error:
            context["refusal"], status = words.refusal(error), 409
    response = render(request, "cases/privacy.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _file(copy: dict[str, Any]) -> HttpResponse:
    response = HttpResponse(json.dumps(copy, ensure_ascii=False, indent=2), content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="fangxin-copy-{localtime():%Y%m%d-%H%M}.json"'
    response["Cache-Control"] = "no-store"
    return response
