"""Describe readers: given what an agent says of its readers, keep it and show it on the page of readers."""

from collections.abc import Sequence

import msgspec

from reader_drivers.reads import Press, ReaderEntry, ReaderHealth
from server.core.ids import DeviceId
from server.core.log import canonical
from server.store import readers
from server.store.readers import ReaderFacts
from server.store.unit_of_work import UnitOfWork


def describe_readers(work: UnitOfWork, *, device_id: DeviceId, readers: Sequence[ReaderEntry]) -> None:
    """Keep the readers that an agent listed in its hello."""
    for entry in readers:
        body = canonical.encode({"antennas": list(entry.antennas), "detail": "", "state": entry.state}).decode()
        _keep(work, device_id=device_id, reader=ReaderFacts(name=entry.name, protocol=entry.protocol, body=body))
        work.announce("readers", "reader.state", {"reader": entry.name, "state": entry.state, "detail": ""})


def note_health(work: UnitOfWork, *, device_id: DeviceId, health: ReaderHealth) -> None:
    """Show how a reader does. It is news, not a fact of the shop: it is announced, not logged."""
    del device_id
    figures = None if health.figures is None else msgspec.structs.asdict(health.figures)
    news = {"reader": health.reader, "state": health.state, "detail": health.detail, "figures": figures}
    work.announce("readers", "reader.state", news)


def note_press(work: UnitOfWork, *, press: Press) -> None:
    """Tell who watches the readers that somebody pressed a button of one."""
    work.announce("readers", "reader.press", {"reader": press.reader, "button": press.button, "action": press.action})


def _keep(work: UnitOfWork, *, device_id: DeviceId, reader: ReaderFacts) -> None:
    readers.describe_reader(
        work.conn, work.shop_id, device_id=device_id, reader=reader, seen_at=work.now, new_id=work.new_id()
    )
