"""What can be done with a case on its page (可采取的步骤): each act with its form, its article, and what it will bring about.

An act is offered when its step is lawful for the case's state and the person's roles, and its own condition holds. Upper apps
register theirs here (`register`), so that everything that can be done stands in one place, is checked by one view and tested by one walk.
"""

from fangxin.cases.acts.registry import Act, ActForm, Offer, find, named, offers, register, take

__all__ = ["Act", "ActForm", "Offer", "find", "named", "offers", "register", "take"]
