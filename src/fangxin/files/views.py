"""Downloads: asked for with a purpose, permitted by the guard of what the file belongs to, journalled."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fangxin.accounts.access import person_of, staff
from fangxin.accounts.models import Person
from fangxin.files import guards, serving
from fangxin.files.forms import PurposeForm
from fangxin.files.models import Attachment
from fangxin.files.services import read
from fangxin.kernel.errors import BadInput
from fangxin.kernel.refs import Ref


@staff()
@require_POST
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One file, for a stated purpose; where files have a host of their own, the way there."""
    person = person_of(request)
    attachment = _seen(person, pk)
    form = PurposeForm(request.POST)
    if not form.is_valid():
        raise BadInput("files.purpose_missing", "Say what the file is needed for.")
    purpose = form.cleaned_data["purpose"]
    if settings.FILES_HOST:
        response = HttpResponseRedirect(serving.address(request, attachment, person_id=person.pk, purpose=purpose))
        response.status_code = 303
        response["Cache-Control"] = "no-store"
        return response
    return _handed_out(person, attachment, purpose)


@login_not_required
@require_GET
def fetch(request: HttpRequest, token: str) -> HttpResponseBase:
    """The file of a signed address, on the host of files only; the person in it is asked for anew. No cookie is read or set."""
    redeemed = serving.redeem(token) if settings.FILES_HOST and request.get_host() == settings.FILES_HOST else None
    if redeemed is None:
        raise Http404
    attachment_id, person_id, purpose = redeemed
    person = Person.objects.active().select_related("office").filter(pk=person_id).first()
    if person is None:
        raise Http404
    return _handed_out(person, _seen(person, attachment_id), purpose)


def _seen(person: Person, pk: int) -> Attachment:
    """The attachment, if the person may open it; else it isn't there."""
    attachment = Attachment.objects.live().select_related("blob").filter(pk=pk).first()
    if attachment is None or not guards.may(person, "view", Ref(attachment.subject)):
        raise Http404
    return attachment


def _handed_out(person: Person, attachment: Attachment, purpose: str) -> HttpResponse:
    content = read(attachment, purpose=purpose, actor=person.ref, at=timezone.now())
    return serving.download(attachment, content)
