"""An outbox that keeps what it is given.

The only fake of `desktop.actions.ports.Outbox`.
"""

from __future__ import annotations

from collections.abc import Callable

from desktop.actions.ports import Note, Order, SendDecision, SendMessage, TakeClaim, WatchMonitor


class KeptOutbox:
    """Implements `actions.ports.Outbox`; sends nothing.

    Attributes:
        orders: everything that would have left, in order, but for what has a list of its own.
        notes: what was written down of looking at a request.
        claims: who was said to look at which.
        watched: whether somebody looks at the monitor, each time that was told.
        on_post: called with each order when it arrives, to look at the world of that moment.
    """

    def __init__(self, on_post: Callable[[Order], None] = lambda _order: None) -> None:
        self.orders: list[Order] = []
        self.watched: list[bool] = []
        self.notes: list[Note] = []
        self.claims: list[TakeClaim] = []
        self.on_post = on_post

    def post(self, order: Order) -> None:
        """Keep it."""
        if isinstance(order, WatchMonitor):
            self.watched.append(order.on)
        elif isinstance(order, Note):
            self.notes.append(order)
        elif isinstance(order, TakeClaim):
            self.claims.append(order)
        else:
            self.orders.append(order)
        self.on_post(order)

    @property
    def decisions(self) -> list[SendDecision]:
        """The decisions among them."""
        return [order for order in self.orders if isinstance(order, SendDecision)]

    @property
    def messages(self) -> list[SendMessage]:
        """The messages among them."""
        return [order for order in self.orders if isinstance(order, SendMessage)]
