"""New ids are UUIDv7 and come in the order in which they were made, also within a millisecond."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122

from storage.ids import new_id

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_an_id_tells_its_millisecond_version_and_variant() -> None:
    made = new_id(NOON + timedelta(milliseconds=7))

    assert made.int >> 80 == int(NOON.timestamp()) * 1000 + 7
    assert (made.version, made.variant) == (7, RFC_4122)


def test_ids_of_one_millisecond_come_in_the_order_in_which_they_were_made() -> None:
    made = [new_id(NOON if place % 3 else NOON + timedelta(seconds=1)) for place in range(3000)]

    for at in (NOON, NOON + timedelta(seconds=1)):
        same = [one for one in made if one.int >> 80 == int(at.timestamp() * 1000)]
        assert same == sorted(same)


def test_threads_get_no_id_twice() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: new_id(NOON), range(4000)))

    assert len(set(made)) == len(made)
