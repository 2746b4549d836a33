"""Who tests or appraises, and who pays (检测、鉴定). The pause of the period is the case's own step."""

from datetime import datetime

from django.utils.translation import gettext_noop

from fangxin.cases.models import Case
from fangxin.kernel import journal
from fangxin.kernel.refs import Ref
from fangxin.mediation import laws
from fangxin.mediation.events import AppraisalArranged
from fangxin.mediation.models import Appraisal
from fangxin.mediation.services.shared import keep_note, require, written
from fangxin.mediation.states import Bearer, Choice


def arrange_appraisal(case: Case, *, body: str, choice: Choice, bearer: Bearer, by: Ref, at: datetime, note: str = "") -> None:
    """Record which body tests or appraises, agreed by both sides or designated, and who bears the cost (Order 121 Art 22).

    No agreement on the cost is ground (4) of Art 23; it is recorded all the same, and the termination is then proposed.
    """
    body = written(body, "mediation.appraisal_body", gettext_noop("Name the testing or appraisal body."))
    with journal.atomic():
        require(case)
        note_hash = keep_note(case, "arrange_appraisal", note, by=by, at=at)
        Appraisal.objects.create(case=case, body=body[:120], choice=choice, bearer=bearer, by=by, at=at)
        journal.publish(
            [
                AppraisalArranged(
                    subject=case.ref,
                    actor=by,
                    at=at,
                    law=laws.cited(laws.APPRAISAL, at),
                    choice=choice.value,
                    bearer=bearer.value,
                    note=note_hash,
                )
            ]
        )
