"""One test message on one way, at once and past the outbox, for whoever sets the way up."""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.outbox.verdicts import Outcome
from gateway.outbox.ways import WayOptions, ways_of
from storage.ids import new_id
from storage.messages import DueMessage

_SUBJECT = "Test message"
_TEXT = "This is a test. If you can read it, messages arrive."


def try_channel(options: WayOptions, channel: str, recipient: str, at: datetime) -> Outcome | None:
    """What became of it; None: that way is not set up."""
    way = ways_of(options).get(channel)
    if way is None:
        return None
    return way(
        DueMessage(
            id=new_id(at), audience="staff", kind="test", channel=channel, recipient=recipient, sender=None,
            language="en", subject=_SUBJECT, body=_TEXT, at=at, created_at=at, give_up_at=at + timedelta(minutes=1),
            attempts=0, order_id=None, alert_id=None, milestone=None, test=False, opted_out=False, contact_token=None,
            tz=None, quiet_hours=None, secret=None, duty_hours=None, duty_tz=None, off_the_roster=False,
        )
    )  # fmt: skip
