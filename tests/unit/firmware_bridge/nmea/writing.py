"""Writes sentences for tests. Independent of the simulator's writer."""

from datetime import UTC, datetime, timedelta
from functools import reduce


def sentence(body: str) -> bytes:
    checksum = reduce(lambda left, right: left ^ right, body.encode(), 0)
    return f"${body}*{checksum:02X}\r\n".encode()


def drive(seconds: int, start: datetime = datetime(2026, 11, 23, 9, tzinfo=UTC)) -> bytes:
    """A straight drive to the north at 10 m/s, RMC once a second."""
    lines = []
    for second in range(seconds):
        instant = start + timedelta(seconds=second)
        minutes = 10 + second * 10 / 1852
        latitude = f"60{minutes:07.4f}"
        lines.append(sentence(f"GPRMC,{instant:%H%M%S}.00,A,{latitude},N,02456.4000,E,19.44,0.0,{instant:%d%m%y},,,A"))
    return b"".join(lines)
