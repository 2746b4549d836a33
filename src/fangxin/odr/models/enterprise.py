"""ODR enterprises, the people who work for them, and how these come in."""

from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from fangxin.accounts.models import Office
from fangxin.kernel.refs import Ref, ref
from fangxin.kernel.vault import place_of, vaulted
from fangxin.odr.states import LIVE_ENTERPRISES, EnterpriseState
from fangxin.registry.models import Trader


class EnterpriseQuerySet(models.QuerySet["Enterprise"]):
    """Questions about enterprises."""

    def live(self) -> "EnterpriseQuerySet":
        """On their way in, taking part, or on their way out."""
        return self.filter(state__in=LIVE_ENTERPRISES)

    def active(self) -> "EnterpriseQuerySet":
        """Taking part: disputes may be sent to them."""
        return self.filter(state=EnterpriseState.ACTIVE)


class Enterprise(models.Model):
    """A trader in online dispute resolution (ODR企业), from application to exit.

    `state` is written only by the table in `workflow`. The person to contact lies sealed; telephone and mailbox are those that the
    enterprise keeps for disputes, and public. A trader that left may apply again: that is a new row.
    """

    ref_kind = "enterprise"

    trader = models.ForeignKey(Trader, on_delete=models.PROTECT, related_name="+", verbose_name=_("trader on the register"))
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+", verbose_name=_("reviewing bureau"))
    state = models.CharField(_("state"), max_length=10, choices=EnterpriseState, default=EnterpriseState.APPLIED, editable=False)
    name = models.CharField(_("name"), max_length=200)
    """As registered when it applied: lists are searched and shown by it."""
    premises = models.CharField(_("fixed premises"), max_length=300)
    full_time = models.PositiveSmallIntegerField(_("full-time handlers"), default=0)
    part_time = models.PositiveSmallIntegerField(_("part-time handlers"), default=0)
    equipped = models.BooleanField(_("networked computer"), default=False)
    phone = models.CharField(_("dedicated telephone"), max_length=32)
    email = models.EmailField(_("mailbox for disputes"), max_length=120, blank=True)
    complaint_rules = models.TextField(_("rules for handling complaints"))
    sealed = models.BinaryField(_("contact person"), default=b"")
    contact_masked = models.CharField(_("contact person"), max_length=60, blank=True)
    by_staff = models.BooleanField(_("entered by staff"), default=False)
    applied_at = models.DateTimeField(_("applied at"))
    decided_at = models.DateTimeField(_("decided at"), null=True)
    decided_by = models.CharField(_("decided by"), max_length=64, blank=True)
    pledged_at = models.DateTimeField(_("pledged at"), null=True)
    pledge_version = models.CharField(_("version of the pledge"), max_length=20, blank=True)
    opened_at = models.DateTimeField(_("taking part since"), null=True)
    proposed_at = models.DateTimeField(_("exit proposed at"), null=True)
    proposed_by = models.CharField(_("exit proposed by"), max_length=64, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    ground = models.CharField(_("ground"), max_length=24, blank=True)

    objects = EnterpriseQuerySet.as_manager()

    class Meta:
        verbose_name = _("ODR enterprise")
        verbose_name_plural = _("ODR enterprises")
        constraints = [
            models.UniqueConstraint(fields=["trader"], condition=models.Q(state__in=LIVE_ENTERPRISES), name="odr_enterprise_live_once"),
            models.CheckConstraint(condition=models.Q(state__in=EnterpriseState.values), name="odr_enterprise_state_known"),
            models.CheckConstraint(condition=models.Q(full_time__gt=0) | models.Q(part_time__gt=0), name="odr_enterprise_has_handler"),
            models.CheckConstraint(
                condition=~models.Q(premises="") & ~models.Q(phone="") & ~models.Q(complaint_rules="") & models.Q(equipped=True),
                name="odr_enterprise_equipped",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=LIVE_ENTERPRISES, ended_at__isnull=True)
                | (~models.Q(state__in=LIVE_ENTERPRISES) & models.Q(ended_at__isnull=False) & ~models.Q(ground="")),
                name="odr_enterprise_ended_on_ground",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "applied_at", "id"], name="odr_enterprise_by_state"),
            models.Index(fields=["applied_at", "id"], name="odr_enterprise_by_time"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ref(self) -> Ref:
        """`enterprise:7`."""
        return ref(self.ref_kind, self.pk)

    @property
    def handlers(self) -> int:
        """How many people handle disputes."""
        return self.full_time + self.part_time

    @property
    def is_active(self) -> bool:
        """Takes part: disputes may be sent to it."""
        return self.state == EnterpriseState.ACTIVE


class Account(models.Model):
    """A person who signs in for an enterprise (ODR企业账户).

    No member of staff and never `request.user`: its sessions are a realm of their own (`odr.access`). `session_epoch` is part of what
    every session is proven with: raising it ends them all.
    """

    ref_kind = "account"

    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="+", verbose_name=_("enterprise"))
    login = models.CharField(_("login"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=60)
    password = models.CharField(max_length=200)
    active = models.BooleanField(_("active"), default=True)
    session_epoch = models.PositiveIntegerField(default=0, editable=False)
    opened_at = models.DateTimeField(_("opened at"))
    signed_in_at = models.DateTimeField(_("last sign-in"), null=True)

    class Meta:
        verbose_name = _("account of an enterprise")
        verbose_name_plural = _("accounts of enterprises")
        constraints = [models.CheckConstraint(condition=~models.Q(login="") & ~models.Q(name=""), name="odr_account_named")]

    def __str__(self) -> str:
        return self.name

    @property
    def ref(self) -> Ref:
        """`account:7`."""
        return ref(self.ref_kind, self.pk)

    @property
    def may_sign_in(self) -> bool:
        """Switched on, and the enterprise takes part or is about to leave."""
        return self.active and self.enterprise.state in {EnterpriseState.ACTIVE, EnterpriseState.LEAVING}

    def proof(self) -> str:
        """What a session of this account carries; another one after a new password or a raised epoch."""
        return salted_hmac("fangxin.odr.session", f"{self.pk}:{self.session_epoch}:{self.password}", algorithm="sha256").hexdigest()


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Questions about invitations."""

    def usable(self) -> "InvitationQuerySet":
        """Not used and not taken back; whether it is too old, `expires_at` tells."""
        return self.filter(used_at__isnull=True)


class Invitation(models.Model):
    """A one-time link (邀请链接): to open an account, or, with an account, to set a new password. Of its token only the hash is kept."""

    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="+", verbose_name=_("enterprise"))
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("account"))
    token_hash = models.CharField(max_length=64, unique=True)
    by = models.CharField(_("by"), max_length=64)
    at = models.DateTimeField(_("at"))
    expires_at = models.DateTimeField(_("expires at"))
    used_at = models.DateTimeField(_("used at"), null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        indexes = [models.Index(fields=["enterprise"], condition=models.Q(used_at__isnull=True), name="odr_invitation_open")]

    def __str__(self) -> str:
        return f"{self.enterprise_id} {self.at:%Y-%m-%d}"


class Remark(models.Model):
    """What was written at a step of an enterprise (意见): the reason of a refusal or an exit. The journal keeps its hash."""

    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="+")
    step = models.CharField(_("step"), max_length=20)
    text = models.TextField(_("text"))
    by = models.CharField(_("by"), max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("remark")

    def __str__(self) -> str:
        return f"{self.step} {self.enterprise_id}"


PLACE_ENTERPRISE = place_of(Enterprise, "sealed")
vaulted(Enterprise, "sealed", "person")
