"""Places and traders: what stands on the register, and every name that it goes by."""

from collections.abc import Iterable

from django.db import models
from django.db.models.functions import Length
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from fangxin.registry.names import normalise, place_key


class DivisionLevel(models.TextChoices):
    """The levels that a city's bureau works with (行政区划级别)."""

    CITY = "city", _("city")
    COUNTY = "county", _("county")


class DivisionQuerySet(models.QuerySet["Division"]):
    """Questions to the divisions."""

    def counties(self) -> "DivisionQuerySet":
        """Counties, districts, county-level cities and the local zones, by code."""
        return self.filter(level=DivisionLevel.COUNTY, active=True).order_by("code")

    def in_standard(self) -> "DivisionQuerySet":
        """Only units of GB/T 2260, without the local zones."""
        return self.filter(is_local_code=False)


class Division(models.Model):
    """A city or county (行政区划), by its code of GB/T 2260, or a development zone under a local code.

    高新区, 太白湖新区 and 经开区 have their own bureaus but are no units of GB/T 2260: `is_local_code` marks them, and such a code must
    not go out in a format that asks for the standard's codes. A division that is abolished stays, not `active`.
    """

    code = models.CharField(_("code"), max_length=6, unique=True)
    name = models.CharField(_("name"), max_length=50)
    level = models.CharField(_("level"), max_length=8, choices=DivisionLevel)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("belongs to"))
    is_local_code = models.BooleanField(_("local code"), default=False, help_text=_("Not a unit of GB/T 2260."))
    active = models.BooleanField(_("exists today"), default=True)

    objects = DivisionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("administrative division")
        constraints = [
            models.CheckConstraint(condition=models.Q(level__in=DivisionLevel.values), name="registry_division_level_known"),
            models.CheckConstraint(condition=Exact(Length("code"), 6), name="registry_division_code_length"),
            models.CheckConstraint(
                condition=models.Q(level=DivisionLevel.CITY, parent__isnull=True)
                | models.Q(level=DivisionLevel.COUNTY, parent__isnull=False),
                name="registry_division_county_has_city",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TownKind(models.TextChoices):
    """What a unit below the county is."""

    STREET = "street", _("subdistrict")  # 街道
    TOWN = "town", _("town")  # 镇
    TOWNSHIP = "township", _("township")  # 乡
    OTHER = "other", _("other unit of town level")


class TownQuerySet(models.QuerySet["Town"]):
    """Questions to the towns."""

    def of(self, county: Division) -> "TownQuerySet":
        """Towns that this county administers or claims, by code; a contested town is in each of its counties."""
        claimed = TownClaim.objects.filter(county=county).values("town")
        return self.filter(models.Q(county=county) | models.Q(pk__in=claimed)).order_by("code")


class Town(models.Model):
    """A subdistrict, town or township (街道、镇、乡).

    `county` is who administers it under the town's own code. Sources disagree on the towns of 高新区 and the other zones: whoever
    else claims one stands in `TownClaim`, and a question about the competent county must look at both.
    """

    code = models.CharField(_("code"), max_length=9, unique=True)
    name = models.CharField(_("name"), max_length=50)
    county = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="+", verbose_name=_("county"))
    kind = models.CharField(_("kind"), max_length=8, choices=TownKind)
    active = models.BooleanField(_("exists today"), default=True)

    objects = TownQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("town or subdistrict")
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=TownKind.values), name="registry_town_kind_known"),
            models.CheckConstraint(condition=Exact(Length("code"), 9), name="registry_town_code_length"),
        ]

    def __str__(self) -> str:
        return self.name


class TownClaim(models.Model):
    """Another county to which a source puts a town (管辖存疑), with the code that the town has there, if it has one.

    Such a code may be another town's in the first source. Unless `confirmed`, the bureau has still to say which is right.
    """

    town = models.ForeignKey(Town, on_delete=models.PROTECT, related_name="+", verbose_name=_("town or subdistrict"))
    county = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="+", verbose_name=_("county"))
    code = models.CharField(_("code there"), max_length=9, blank=True)
    basis = models.CharField(_("basis"), max_length=200)
    confirmed = models.BooleanField(_("confirmed by the bureau"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("claim to a town")
        constraints = [models.UniqueConstraint(fields=["town", "county"], name="registry_town_claim_once")]

    def __str__(self) -> str:
        return f"{self.town_id} → {self.county_id}"


class PlaceNameKind(models.TextChoices):
    """How a place comes by a name."""

    OFFICIAL = "official", _("official name")
    CODE = "code", _("code")
    SHORT = "short", _("short name")
    FORMER = "former", _("former name")  # 曾用名: 市中区, 兖州市
    FORMER_CODE = "former_code", _("former code")  # 370802, 370882
    ALIAS = "alias", _("other name")


class PlaceNameQuerySet(models.QuerySet["PlaceName"]):
    """Questions to the names of places."""

    def said(self, texts: Iterable[str]) -> "PlaceNameQuerySet":
        """What these names or codes may mean; an empty text means nothing."""
        return self.filter(normalised__in={place_key(text) for text in texts} - {""})


class PlaceName(models.Model):
    """One name or code of a division or town (地名): official, short, former or other. The same name may mean several places."""

    text = models.CharField(_("name"), max_length=50)
    normalised = models.CharField(_("name for look-up"), max_length=50, db_index=True, editable=False)
    kind = models.CharField(_("kind"), max_length=12, choices=PlaceNameKind)
    division = models.ForeignKey(
        Division, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("administrative division")
    )
    town = models.ForeignKey(Town, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("town or subdistrict"))

    objects = PlaceNameQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("name of a place")
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=PlaceNameKind.values), name="registry_place_name_kind_known"),
            models.CheckConstraint(condition=~models.Q(normalised=""), name="registry_place_name_not_empty"),
            models.CheckConstraint(
                condition=models.Q(division__isnull=False, town__isnull=True) | models.Q(division__isnull=True, town__isnull=False),
                name="registry_place_name_of_one_place",
            ),
            models.UniqueConstraint(fields=["division", "normalised"], name="registry_division_name_once"),
            models.UniqueConstraint(fields=["town", "normalised"], name="registry_town_name_once"),
        ]

    def __str__(self) -> str:
        return self.text


class TraderKind(models.TextChoices):
    """The large classes of market entities (市场主体类型)."""

    ENTERPRISE = "enterprise", _("enterprise")  # 企业
    INDIVIDUAL = "individual", _("individual business")  # 个体工商户
    COOPERATIVE = "cooperative", _("farmers' cooperative")  # 农民专业合作社
    OTHER = "other", _("other")
    UNKNOWN = "unknown", _("not known")


class TraderStatus(models.TextChoices):
    """The state of registration (登记状态)."""

    ACTIVE = "active", _("in business")  # 存续（在营）
    DORMANT = "dormant", _("dormant")  # 歇业
    REVOKED = "revoked", _("licence revoked")  # 吊销
    ANNULLED = "annulled", _("registration annulled")  # 撤销
    DEREGISTERED = "deregistered", _("deregistered")  # 注销
    MOVED_OUT = "moved_out", _("moved out")  # 迁出
    UNKNOWN = "unknown", _("not known")


class TraderQuerySet(models.QuerySet["Trader"]):
    """Questions to the register of traders."""

    def in_business(self) -> "TraderQuerySet":
        """On the register and trading."""
        return self.filter(status=TraderStatus.ACTIVE)

    def called(self, names: Iterable[str]) -> "TraderQuerySet":
        """Whose registered name is one of these, as `normalise` writes them; an empty name is nobody's."""
        return self.filter(normalised_name__in={normalise(name) for name in names} - {""})

    def platforms(self) -> "TraderQuerySet":
        """Operators of e-commerce platforms (电子商务平台经营者)."""
        return self.filter(is_platform=True)


class Trader(models.Model):
    """A trader (经营者) as the register has it.

    A trader is known by `uscc`; one without a code by `stated_key`, a digest of name, division and address as first stated. Exactly one
    of the two is there. `division` is empty for a trader outside the city. `digest` covers what an import brings (with former and
    brand names), so that the same row again is known without comparing; whoever changes such a field otherwise empties it.
    """

    uscc = models.CharField(_("unified social credit code"), max_length=18, null=True)  # noqa: DJ001 -- unique where there is one
    stated_key = models.CharField(max_length=32, null=True, editable=False)  # noqa: DJ001 -- unique where there is no code
    name = models.CharField(_("name"), max_length=200)
    normalised_name = models.CharField(_("name for look-up"), max_length=200, editable=False)
    kind = models.CharField(_("kind"), max_length=12, choices=TraderKind, default=TraderKind.UNKNOWN)
    legal_form = models.CharField(_("legal form as registered"), max_length=80, blank=True)
    status = models.CharField(_("state of registration"), max_length=12, choices=TraderStatus, default=TraderStatus.UNKNOWN)
    industry = models.CharField(_("industry"), max_length=5, null=True, blank=True, help_text=_("Code of GB/T 4754."))  # noqa: DJ001 -- not known is not a code
    division = models.ForeignKey(
        Division, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("administrative division")
    )
    town = models.ForeignKey(Town, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("town or subdistrict"))
    address = models.CharField(_("address"), max_length=300, blank=True)
    registered_on = models.DateField(_("registered on"), null=True, blank=True)
    is_platform = models.BooleanField(_("operates an e-commerce platform"), default=False)
    digest = models.CharField(max_length=32, blank=True, editable=False)

    objects = TraderQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("trader")
        # Named here and not on the fields, which would add a second index on PostgreSQL. The class serves look-up by equality and by beginning.
        indexes = [models.Index(fields=["normalised_name"], name="registry_trader_name", opclasses=["varchar_pattern_ops"])]
        constraints = [
            models.UniqueConstraint(fields=["uscc"], name="registry_trader_uscc_once"),
            models.CheckConstraint(
                condition=models.Q(uscc__isnull=False, stated_key__isnull=True) | models.Q(uscc__isnull=True, stated_key__isnull=False),
                name="registry_trader_known_by_one_key",
            ),
            models.CheckConstraint(
                condition=models.Q(uscc__isnull=True) | models.Q(Exact(Length("uscc"), 18)), name="registry_trader_uscc_length"
            ),
            models.CheckConstraint(condition=~models.Q(normalised_name=""), name="registry_trader_has_name"),
            models.CheckConstraint(condition=models.Q(kind__in=TraderKind.values), name="registry_trader_kind_known"),
            models.CheckConstraint(condition=models.Q(status__in=TraderStatus.values), name="registry_trader_status_known"),
            models.UniqueConstraint(
                fields=["stated_key"], condition=models.Q(stated_key__isnull=False), name="registry_trader_stated_key_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TraderNameKind(models.TextChoices):
    """How a trader comes by another name."""

    FORMER = "former", _("former name")  # 曾用名
    BRAND = "brand", _("brand or trade name")  # 字号、品牌
    SHOP = "shop", _("shop name")  # 店招
    SHORT = "short", _("short name")  # 简称


class TraderNameQuerySet(models.QuerySet["TraderName"]):
    """Questions to the other names of traders."""

    def saying(self, names: Iterable[str]) -> "TraderNameQuerySet":
        """Names that read like one of these; an empty name is nobody's."""
        return self.filter(normalised__in={normalise(name) for name in names} - {""})


class TraderName(models.Model):
    """Another name of a trader (曾用名、字号、店招、简称). Many traders may share one, so it is evidence, never identity."""

    trader = models.ForeignKey(
        Trader,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,  # the constraint below begins with it
        verbose_name=_("trader"),
    )
    name = models.CharField(_("name"), max_length=200)
    normalised = models.CharField(_("name for look-up"), max_length=200, editable=False)
    kind = models.CharField(_("kind"), max_length=8, choices=TraderNameKind)

    objects = TraderNameQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("other name of a trader")
        indexes = [models.Index(fields=["normalised"], name="registry_trader_other_name", opclasses=["varchar_pattern_ops"])]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=TraderNameKind.values), name="registry_trader_name_kind_known"),
            models.CheckConstraint(condition=~models.Q(normalised=""), name="registry_trader_name_not_empty"),
            models.UniqueConstraint(fields=["trader", "kind", "normalised"], name="registry_trader_name_once"),
        ]

    def __str__(self) -> str:
        return self.name
