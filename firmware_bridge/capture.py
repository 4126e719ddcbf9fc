"""Files of a receiver's raw bytes: a header of `# name: text` lines, then what came. Decodes none of it."""

from __future__ import annotations

import asyncio
from io import BufferedReader
from pathlib import Path

import msgspec

from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.sources.source import Source

_HEADER_LINE_BYTES = 4096


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody who finds the file in a year needs to know."""

    began_at: str
    source: str
    device: str | None = None
    place: str | None = None
    notes: str | None = None

    def text(self) -> str:
        """One line a fact; line breaks inside a fact become spaces."""
        facts = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        lines = [f"# {name}: {' '.join(str(value).split())}" for name, value in facts.items()]
        return "\n".join(["# raw bytes of a GPS receiver, recorded by Waybill", *lines]) + "\n"


class Recorded(msgspec.Struct, frozen=True):
    """What a recording holds."""

    size_bytes: int
    fixes: int


def read_header(capture: BufferedReader) -> list[str]:
    """The leading lines that begin with `#`, without the mark; the file then stands at the first byte of data."""
    lines = []
    while capture.peek(1)[:1] == b"#":
        line = capture.readline(_HEADER_LINE_BYTES)
        lines.append(line.decode("utf-8", "replace").lstrip("#").strip())
    return lines


async def record(source: Source, path: Path, header: Header, stop: asyncio.Event) -> Recorded:
    """Writes what the source gives until it ends or `stop` is set; an existing file is never overwritten."""
    decoder, seen = Decoder(), [0, 0]
    with path.open("xb", buffering=0) as capture:
        capture.write(header.text().encode())

        async def copy() -> None:
            async for chunk in source.chunks():
                await asyncio.to_thread(capture.write, chunk)
                seen[0] += len(chunk)
                seen[1] += len(decoder.feed(chunk) if chunk else decoder.pause())

        copying = asyncio.ensure_future(copy())
        asked = asyncio.ensure_future(stop.wait())
        await asyncio.wait((copying, asked), return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        copying.cancel()
        await asyncio.wait((copying, asked))
        if not copying.cancelled():
            copying.result()  # a source or a disk that failed
    return Recorded(seen[0], seen[1] + len(decoder.flush()))
