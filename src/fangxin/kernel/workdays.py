"""Working days (工作日) counted on a table, one date at a time or a million at once.

A `Calendar` says for each day from `first` whether it is worked: Monday to Friday, except the days off, plus the make-up days
(调休上班). Up to `known_until` that is known from the State Council's notices; the table goes on for some years with plain weeks,
and whoever uses a later day must say that the answer is provisional.
"""

from collections.abc import Collection
from datetime import date

import numpy as np
from numpy.typing import NDArray

from fangxin.kernel.errors import BadInput, UnknownRule

Days = NDArray[np.int64]

_BEYOND_YEARS = 12


class Calendar:
    """Which days are worked, and O(1) arithmetic on them by prefix sums. Immutable; compared and hashed by identity.

    `first` and `known_until` bound what the notices say. Days after `known_until` count as Monday to Friday for twelve more
    years; a day before `first` or after that raises UnknownRule, whatever is asked.

    Batches take and give `date.toordinal()` as int64.
    """

    def __init__(self, version: str, first: date, known_until: date, days_off: Collection[date], make_up: Collection[date]) -> None:
        if known_until < first:
            raise BadInput("workdays.empty", "A calendar can't end before it begins.")
        self.version = version
        self.first = first
        self.known_until = known_until
        self.last = date(known_until.year + _BEYOND_YEARS, 12, 31)
        self.make_up = frozenset(make_up)
        off = frozenset(days_off)
        for day in off | self.make_up:
            if not first <= day <= known_until:
                raise BadInput("workdays.outside", "%(day)s lies outside the calendar.", day=day.isoformat())
        if off & self.make_up:
            raise BadInput("workdays.contradiction", "%(day)s is both off and worked.", day=min(off & self.make_up).isoformat())

        self._base = first.toordinal()
        days = np.arange(self._base, self.last.toordinal() + 1)
        works = days % 7 % 6 != 0  # ordinal 1 was a Monday, so 0 and 6 are the weekend
        works[[day.toordinal() - self._base for day in off]] = False
        works[[day.toordinal() - self._base for day in self.make_up]] = True
        # Working days up to and including a day, working days before it, and the ordinal of each working day.
        upto = np.cumsum(works, dtype=np.int64)
        self._table: tuple[Days, Days, Days] = (upto, upto - works, days[works].astype(np.int64))
        # The same for one date at a time: lists of Python objects answer faster than arrays.
        self._size = len(days)
        self._upto: list[int] = upto.tolist()
        self._worked = [date.fromordinal(day) for day in days[works].tolist()]

    def __repr__(self) -> str:
        return f"<Calendar {self.version}: {self.first} to {self.known_until}>"

    def _index(self, day: date) -> int:
        index = day.toordinal() - self._base
        if 0 <= index < self._size:
            return index
        raise UnknownRule("workdays.unknown", "No calendar is known for %(day)s.", day=day.isoformat())

    def known(self, day: date) -> bool:
        """Whether the notices cover this day, so that nothing about it is presumed."""
        return self.first <= day <= self.known_until

    def is_workday(self, day: date) -> bool:
        """Whether the day is worked (a make-up Saturday is, a holiday Monday is not)."""
        index = self._index(day)
        return self._upto[index] > (self._upto[index - 1] if index else 0)

    def add(self, start: date, n: int) -> date:
        """The n-th working day after `start`; the first day is out. n = 0 is `start` itself, n < 0 counts backwards."""
        index = start.toordinal() - self._base
        if not 0 <= index < self._size:
            self._index(start)
        if n > 0:
            place = self._upto[index] + n - 1
            if place < len(self._worked):
                return self._worked[place]
        elif n == 0:
            return start
        else:
            place = (self._upto[index - 1] if index else 0) + n
            if place >= 0:
                return self._worked[place]
        raise UnknownRule("workdays.too_far", "%(n)s working days from %(day)s lead out of the calendar.", n=n, day=start.isoformat())

    def count(self, start: date, end: date) -> int:
        """How many working days lie in (start, end]; negative if `end` is before `start`."""
        return self._upto[self._index(end)] - self._upto[self._index(start)]

    def roll(self, day: date) -> date:
        """The day itself if it is worked, else the next working day."""
        index = self._index(day)
        place = self._upto[index - 1] if index else 0
        if place < len(self._worked):
            return self._worked[place]
        raise UnknownRule("workdays.too_far", "%(n)s working days from %(day)s lead out of the calendar.", n=1, day=day.isoformat())

    # --- the same table in batches ---

    def _indexes(self, days: Days) -> Days:
        indexes = np.subtract(days, self._base, dtype=np.int64)
        if indexes.size and (indexes.min() < 0 or indexes.max() >= self._size):
            bad = int(days[(indexes < 0) | (indexes >= self._size)][0])
            raise UnknownRule("workdays.unknown", "No calendar is known for %(day)s.", day=_iso(bad))
        return indexes

    def _pick(self, places: Days, days: Days, n: int) -> Days:
        worked = self._table[2]
        if places.size and (places.min() < 0 or places.max() >= worked.size):
            bad = int(days[(places < 0) | (places >= worked.size)][0])
            raise UnknownRule("workdays.too_far", "%(n)s working days from %(day)s lead out of the calendar.", n=n, day=_iso(bad))
        return np.take(worked, places)

    def add_many(self, starts: Days, n: int) -> Days:
        """`add` for an array of ordinals."""
        indexes = self._indexes(starts)
        if n == 0:
            return starts.astype(np.int64)
        upto, before, _ = self._table
        places = np.take(upto, indexes) + (n - 1) if n > 0 else np.take(before, indexes) + n
        return self._pick(places, starts, n)

    def count_many(self, starts: Days, ends: Days) -> Days:
        """`count` for two arrays of ordinals."""
        upto = self._table[0]
        return np.take(upto, self._indexes(ends)) - np.take(upto, self._indexes(starts))

    def roll_many(self, days: Days) -> Days:
        """`roll` for an array of ordinals."""
        return self._pick(np.take(self._table[1], self._indexes(days)), days, 1)

    def known_many(self, days: Days) -> NDArray[np.bool_]:
        """`known` for an array of ordinals."""
        return (days >= self._base) & (days <= self.known_until.toordinal())


def _iso(ordinal: int) -> str:
    """The day of an ordinal for a message, even if it is no day of the proleptic calendar."""
    return date.fromordinal(ordinal).isoformat() if 1 <= ordinal <= date.max.toordinal() else f"#{ordinal}"
