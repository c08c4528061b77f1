"""A network in the session's own process: it answers while it is told."""

import time

from livejam.composer import Composer


class FakeNetwork:
    """Fits `live.Network`; `brain` makes up the answers."""

    def __init__(self, brain):
        self._composer = Composer(brain)
        self.estate = None

    def connect(self, put):
        """Leave replies with `put`."""
        self._put = put

    def tell(self, order):
        """Carry out an order to its end."""
        replies = list(self._composer.take(order))
        while self._composer.busy:
            replies.append(self._composer.work())
        for reply in filter(None, replies):
            self._put(time.monotonic(), reply)

    def bequeath(self, estate):
        """Remember the estate."""
        self.estate = estate
