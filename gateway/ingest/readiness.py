"""Whether the gateway can do its job now: the database stores and the broker brings messages. Repairs nothing."""

from __future__ import annotations

from typing import Protocol

from contract.checks import Check

# A batch of 5,000 messages takes about a second on a slow disk.
STUCK_S = 30.0


class DatabaseState(Protocol):
    """The connection as it is now."""

    @property
    def trouble(self) -> str | None: ...
    @property
    def locked_out(self) -> bool: ...


class BrokerState(Protocol):
    """The connection to the broker as it is now."""

    @property
    def refusal(self) -> str | None: ...


def database_check(state: DatabaseState, blocked: str | None, turning_s: float) -> Check:
    """The database: reachable, ours alone, storing, answering."""
    if state.locked_out:
        remedy = "stop the other one, or give this one its own WAYBILL_GATEWAY_CLIENT_ID"
        return Check("database", ok=False, says="another gateway of this name holds the lock", remedy=remedy)
    if state.trouble is not None:
        remedy = "start the database; after an upgrade run waybill db migrate. Nothing is lost: the broker keeps it"
        return Check("database", ok=False, says=state.trouble, remedy=remedy)
    if blocked is not None:
        remedy = "free space on the database's disk, or look for a lock; it goes on by itself"
        return Check("database", ok=False, says=f"stores nothing now: {blocked}", remedy=remedy)
    if turning_s > STUCK_S:
        remedy = "look at the database's load and its locks (pg_stat_activity)"
        return Check("database", ok=False, says=f"has not answered for {turning_s:.0f} s", remedy=remedy)
    return Check("database", ok=True, says="stores what comes")


def broker_check(state: BrokerState, *, connected: bool) -> Check:
    """The broker: connected and subscribed."""
    if connected and state.refusal is None:
        return Check("broker", ok=True, says="connected and subscribed")
    if state.refusal is not None:
        remedy = "check WAYBILL_BROKER_USERNAME, WAYBILL_BROKER_PASSWORD and broker.acl"
        return Check("broker", ok=False, says=f"refuses the gateway: {state.refusal}", remedy=remedy)
    remedy = (
        "start the broker, or check WAYBILL_BROKER_HOST and WAYBILL_BROKER_PORT; devices keep their fixes meanwhile"
    )
    return Check("broker", ok=False, says="not connected", remedy=remedy)
