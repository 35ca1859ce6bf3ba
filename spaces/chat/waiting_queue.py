"""The line in front of the model: first come, first served, and everybody can see where they stand.

Gradio has a queue of its own, but shows the place in it only as an overlay in English.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

MOST_WAITING = 20
LOOK_SECONDS = 1.0


class Line:
    """Who is served stands first; the others wait in the order of their coming."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._people: list[object] = []

    def busy(self) -> bool:
        """Whether somebody is served or waits."""
        return bool(self._people)

    def enter(self) -> object | None:
        """Take a place at the end; None when the line is full."""
        with self._changed:
            if len(self._people) > MOST_WAITING:
                return None
            place = object()
            self._people.append(place)
            return place

    def ahead(self, place: object) -> int:
        """How many stand before this place."""
        with self._changed:
            return self._people.index(place)

    def wait(self, place: object) -> Iterator[int]:
        """Yield how many are ahead, at each change and every second, until nobody is."""
        while ahead := self.ahead(place):
            yield ahead
            with self._changed:
                if self._people.index(place) == ahead:
                    self._changed.wait(LOOK_SECONDS)

    def leave(self, place: object) -> None:
        """Give the place up, served or not."""
        with self._changed:
            self._people.remove(place)
            self._changed.notify_all()
