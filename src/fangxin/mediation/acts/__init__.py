"""What can be done in mediation on the case page, registered on import."""

from fangxin.mediation.acts import agreements, consents, delegations, recusals, sessions  # noqa: F401 -- each registers its acts
