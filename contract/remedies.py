"""What to do about each reason for which something was refused, in one sentence. Decides nothing."""

from __future__ import annotations

from contract.reasons import RefusalRule, RejectReason

_R, _F = RejectReason, RefusalRule
REMEDIES: dict[str, str] = {
    _R.UNREADABLE: "send UTF-8 JSON as docs/wire-protocol.md shows; look for a cut-off or encrypted message",
    _R.INVALID_FIELD: "send the field in the type, unit and range of docs/wire-protocol.md, or leave it out",
    _R.NO_POSITION: "send lat and lon, or lat_e7 and lon_e7; without a fix send nothing",
    _R.NO_NUMBER: "number every fix of a spool with seq, or name no spool at all",
    _R.WRONG_SPOOL: "name the same spool in the body and in the user properties",
    _R.WRONG_DEVICE: "publish only under the device's own name, with a spool that no other device has used",
    _R.OUT_OF_CLAIM: "let first and last enclose every seq of the message",
    _R.TIME_TOO_OLD: "check the sender's clock and unit: seconds since 1970, or RFC 3339 with an offset",
    _R.TIME_IN_FUTURE: "check the sender's clock and unit: seconds since 1970, or RFC 3339 with an offset",
    _R.TOO_MANY_DAYS: "send fewer days in one message; waybill rejects replay puts these in one by one",
    _R.UNKNOWN_DEVICE: "register it: waybill device unknown, waybill device accept; then waybill rejects replay",
    _R.CONFLICTING_DUPLICATE: "begin a new spool name when a store is new, copied or restored",
    _R.UNSTORABLE: "read the detail; when its cause is gone: waybill rejects replay",
    _R.TOO_LARGE: "send smaller packs: 500 fixes are a good size",
    _F.SIMULATED: "nothing, or WAYBILL_ACCEPT_SIMULATED=true where simulators are wanted",
    _F.REPLAYED: "nothing, or WAYBILL_ACCEPT_REPLAYED=true where captures are wanted",
    _F.NULL_ISLAND: "send nothing while the receiver has no position",
    _F.POOR_ACCURACY: "look at the antenna and where the unit is fitted",
    _F.JUMP: "nothing if it is rare; else look at the antenna, or for two units with one name",
    _F.STALE: "look at the unit's clock, and at since when it is said to be fitted: waybill device list",
}


def remedy(reason: str) -> str:
    """What to do about a reason or a rule; nothing is known of one of another version."""
    return REMEDIES.get(reason, "a newer version gave this reason: see its docs/wire-protocol.md")
