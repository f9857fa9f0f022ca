"""Tag reports of LLRP: RO_ACCESS_REPORT to reads.

A report holds TagReportData parameters (240), one a tag: EPC-96 (TV 13) or EPCData (TLV 241: bit count, bytes), then whatever
the ROSpec asked for, results of an AccessSpec (349 = read: result, OpSpec number, words), and parameters of makers.

A reader sends the same few shapes over and over. Each shape is walked once, parameter by parameter, and then remembered as
one `Struct` for its values and one mask over its types and lengths, which all reports of a message are checked with at once.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from struct import Struct
from typing import Any, Final, TypeAlias

from reader_drivers.errors import FrameError
from reader_drivers.llrp.frames import CUSTOM, HEADER_BYTES, Message, parameters
from reader_drivers.reads import EPC_BYTES_MAX, TID_BYTES_MAX, TagRead

RO_ACCESS_REPORT: Final = 61
TAG_REPORT: Final = 240
EPC_96: Final = 13
EPC_DATA: Final = 241
READ_RESULT: Final = 349
TID_OP: Final = 1
"""Number of the OpSpec in our AccessSpec that reads the TID."""

IMPINJ: Final = 25_882
"""Private enterprise number of Impinj."""
IMPINJ_TID: Final = 55
IMPINJ_PHASE: Final = 56
IMPINJ_RSSI: Final = 57

PC_IS_UII: Final = 0x0100
FULL_TURN: Final = 4_096
"""Impinj tells the phase in parts of a turn."""
SHAPES_MAX: Final = 8
"""Shapes remembered for one length: tags differ in EPC and TID lengths, and not every tag answers every read."""
LENGTHS_MAX: Final = 64

Fields: TypeAlias = dict[str, Any]
"""One report as names and values: names of the test vectors, units in them; bytes where a tag's memory is told."""
Values: TypeAlias = tuple[Any, ...]
"""What becomes a read, in the order of `_USED`; None: not told."""

_TV: Final = {
    1: ("antenna_id", "H"),
    2: ("first_seen_utc_us", "Q"),
    3: ("first_seen_uptime_us", "Q"),
    4: ("last_seen_utc_us", "Q"),
    5: ("last_seen_uptime_us", "Q"),
    6: ("peak_rssi_dbm", "b"),
    7: ("channel_index", "H"),
    8: ("tag_seen_count", "H"),
    9: ("rospec_id", "I"),
    10: ("inventory_spec_id", "H"),
    11: ("crc", "H"),
    12: ("pc", "H"),
    EPC_96: ("epc", "12s"),
    14: ("spec_index", "H"),
    16: ("access_spec_id", "I"),
    17: ("op_spec_id", "H"),
    18: ("singulation_slots", "I"),
    19: ("xpc_w1", "H"),
    20: ("xpc_w2", "H"),
}
"""TV parameters: type → name, layout."""
_IMPINJ: Final = {IMPINJ_PHASE: ("impinj_phase", "H"), IMPINJ_RSSI: ("impinj_peak_rssi_cdbm", "h")}
_USED: Final = (
    "epc", "epc_bits", "tid", "antenna_id", "peak_rssi_dbm", "impinj_peak_rssi_cdbm", "channel_index", "tag_seen_count",
    "first_seen_utc_us", "pc", "crc", "xpc_w1", "impinj_phase",
)  # fmt: skip

_WALK: Final = {
    0x80 | kind: (name, Struct(f">{layout}").unpack_from, 1 + Struct(f">{layout}").size)
    for kind, (name, layout) in _TV.items()
}
_TLV: Final = Struct(">HH")
_COUNT: Final = Struct(">H")
_READ: Final = Struct(">BHH")
_VENDOR: Final = Struct(">II")
_TLV_HEAD, _EPC_HEAD, _READ_HEAD, _VENDOR_HEAD, _IMPINJ_TID_HEAD = 4, 6, 9, 12, 14
"""Bytes before the part of each parameter that is a tag's or an antenna's own."""


def walk(raw: bytes, at: int, end: int) -> Fields:
    """Every field of the TagReportData whose content is `raw[at:end]`; makers' parameters under `custom`.

    Raises: FrameError: a parameter does not fit or a TV has no known size, there is no EPC, or EPC or TID are too long.
    """
    fields: Fields = {}
    while at < end:
        known = _WALK.get(raw[at])
        if known is not None:
            name, unpack_from, size = known
            if at + size > end:
                raise FrameError("length", f"{name} at byte {at} reaches beyond its report")
            (fields[name],) = unpack_from(raw, at + 1)
        else:
            # One step, which checks and names what cannot be.
            kind, begin, stop = next(parameters(raw, at, end))
            size = stop - at
            explain = _LONG.get(kind)
            if explain is not None:
                explain(raw[begin:stop], fields)
        at += size
    epc: bytes | None = fields.get("epc")
    if epc is None:
        raise FrameError("format", "a tag report has no EPC")
    fields.setdefault("epc_bits", len(epc) * 8)
    if len(epc) > EPC_BYTES_MAX or len(fields.get("tid", b"")) > TID_BYTES_MAX:
        raise FrameError("length", f"a report tells an EPC of {len(epc)} bytes, or a TID longer than a tag can have")
    return fields


def _epc_data(content: bytes, fields: Fields) -> None:
    (bits,) = _unpack(_COUNT, content)
    if (bits + 7) // 8 != len(content) - _COUNT.size:
        raise FrameError("length", f"an EPC of {bits} bits stands in {len(content) - _COUNT.size} bytes")
    fields["epc"], fields["epc_bits"] = content[_COUNT.size :], bits


def _read_result(content: bytes, fields: Fields) -> None:
    failed, op, words = _unpack(_READ, content)
    if 2 * words != len(content) - _READ.size:
        raise FrameError("length", f"{words} words that were read stand in {len(content) - _READ.size} bytes")
    if op == TID_OP and not failed:
        fields["tid"] = content[_READ.size :]


def _maker(content: bytes, fields: Fields) -> None:
    vendor, subtype = _unpack(_VENDOR, content)
    own = content[_VENDOR.size :]
    fields.setdefault("custom", []).append({"vendor": vendor, "subtype": subtype, "data": own.hex().upper()})
    if vendor != IMPINJ:
        return
    known = _IMPINJ.get(subtype)
    if known is not None:
        (fields[known[0]],) = _unpack(Struct(f">{known[1]}"), own)
    elif subtype == IMPINJ_TID:
        (words,) = _unpack(_COUNT, own)
        if 2 * words != len(own) - _COUNT.size:
            raise FrameError("length", f"a TID of {words} words stands in {len(own) - _COUNT.size} bytes")
        fields["tid"] = own[_COUNT.size :]


def _unpack(layout: Struct, content: bytes) -> tuple[int, ...]:
    if len(content) < layout.size:
        raise FrameError("length", f"a parameter of a tag report has {len(content)} bytes, {layout.size} are needed")
    return layout.unpack_from(content)


_LONG: Final[dict[int, Callable[[bytes, Fields], None]]] = {
    EPC_DATA: _epc_data,
    READ_RESULT: _read_result,
    CUSTOM: _maker,
}


def walk_reports(message: Message) -> list[Fields]:
    """Fields of every tag of a RO_ACCESS_REPORT, in order. Raises: FrameError."""
    raw = message.raw
    return [walk(raw, at, end) for kind, at, end in parameters(raw, HEADER_BYTES, len(raw)) if kind == TAG_REPORT]


def tag_read(fields: Fields, channels_khz: Sequence[int] = (), at_ms: int | None = None) -> TagRead:
    """The report as the common read. `channels_khz`: the reader's channels, the first has index 1."""
    return _read(tuple(map(fields.get, _USED)), channels_khz, at_ms)


def _read(values: Values, channels_khz: Sequence[int], at_ms: int | None) -> TagRead:
    epc, bits, tid, antenna, rssi, rssi_cdbm, channel, count, seen_us, pc, crc, xpc, phase = values
    if rssi_cdbm is None and rssi is not None:
        rssi_cdbm = rssi * 100
    count = count or 1
    id_hex, tid_hex = _identity(epc, tid)
    return TagRead(
        id_hex=id_hex,
        id_bits=bits,
        id_kind="uii" if pc is not None and pc & PC_IS_UII else "epc",
        pc=pc,
        xpc_w1=xpc,
        tag_crc=crc,
        tid_hex=tid_hex,
        antenna=antenna,
        rssi_dbm=None if rssi_cdbm is None else rssi_cdbm / 100,
        rssi_sum_cdbm=None if rssi_cdbm is None else rssi_cdbm * count,
        freq_khz=channels_khz[channel - 1] if channel and channel <= len(channels_khz) else None,
        phase_deg=None if phase is None else round(phase * 360 / FULL_TURN) % 360,
        count=count,
        reader_ms=None if seen_us is None else seen_us // 1000,
        at_ms=at_ms,
    )


@lru_cache(maxsize=4_096)
def _identity(epc: bytes, tid: bytes | None) -> tuple[str, str | None]:
    """Code and TID as text. The tags of a tray are heard over and over: 95 of 100 reads find theirs here."""
    return epc.hex().upper(), tid.hex().upper() if tid else None


class _Shape:
    """Reports whose parameters have these types and lengths in this order."""

    def __init__(self, report: bytes) -> None:
        """`report`: one TagReportData, header included, that `walk` takes."""
        layout, names, mask, bits = ">4x", list[str](), b"\xff" * _TLV_HEAD, 0
        at = _TLV_HEAD
        for kind, begin, end in parameters(report, at, len(report)):
            head, name, form = _part(kind, report, begin, end)
            layout += f"{head}x{form}" if name in _USED else f"{end - at}x"
            names += [name] if name in _USED else []
            mask += b"\xff" * head + bytes(end - at - head)
            bits = (
                8 * (end - begin)
                if kind == EPC_96
                else _COUNT.unpack_from(report, begin)[0]
                if kind == EPC_DATA
                else bits
            )
            at = end
        self._size, self._iter = len(report), Struct(layout).iter_unpack
        self._mask, self._report = mask, report
        self._fixed: Values = (bits, None)
        """What stands in no report of this shape: the length of the code is part of the shape."""
        places = {name: place for place, name in enumerate([*names, "epc_bits", ""])}
        self._pick = itemgetter(*(places.get(name, places[""]) for name in _USED))
        self._checks: dict[int, tuple[int, int]] = {}

    def values(self, reports: bytes) -> list[Values] | None:
        """What each of these reports tells; None: they are not all of this shape."""
        size = len(reports)
        check = self._checks.get(size) or self._check(size)
        if int.from_bytes(reports, "big") & check[0] != check[1]:
            return None
        fixed, pick = self._fixed, self._pick
        return [pick(values + fixed) for values in self._iter(reports)]

    def _check(self, size: int) -> tuple[int, int]:
        """Mask and what it must leave of `size` bytes of reports. A size that no number of reports has leaves never."""
        number, rest = divmod(size, self._size)
        if rest:
            return 0, 1
        if len(self._checks) >= LENGTHS_MAX:
            self._checks.clear()
        mask = int.from_bytes(self._mask * number, "big")
        self._checks[size] = mask, int.from_bytes(self._report * number, "big") & mask
        return self._checks[size]


def _part(kind: int, report: bytes, begin: int, end: int) -> tuple[int, str, str]:
    """Of one parameter: bytes that are the same in every report of the shape, name and layout of the rest."""
    known = _TV.get(kind)
    if known is not None:
        return 1, *known
    if kind == EPC_DATA:
        return _EPC_HEAD, "epc", f"{end - begin + _TLV_HEAD - _EPC_HEAD}s"
    if kind == READ_RESULT and _READ.unpack_from(report, begin)[:2] == (0, TID_OP):
        return _READ_HEAD, "tid", f"{end - begin + _TLV_HEAD - _READ_HEAD}s"
    if kind == READ_RESULT:
        return _READ_HEAD, "", ""
    if kind != CUSTOM:
        return _TLV_HEAD, "", ""
    vendor, subtype = _VENDOR.unpack_from(report, begin)
    if vendor == IMPINJ and subtype == IMPINJ_TID:
        return _IMPINJ_TID_HEAD, "tid", f"{end - begin + _TLV_HEAD - _IMPINJ_TID_HEAD}s"
    if vendor == IMPINJ and subtype in _IMPINJ:
        return _VENDOR_HEAD, *_IMPINJ[subtype]
    return _VENDOR_HEAD, "", ""


class ReportDecoder:
    """Reports of one reader to reads; remembers the shapes that it has met."""

    def __init__(self) -> None:
        self.channels_khz: tuple[int, ...] = ()
        """The reader's channels as its capabilities list them; the first has index 1."""
        self._shapes: dict[int, list[_Shape]] = {}

    def reads(self, message: Message, at_ms: int | None = None) -> list[TagRead]:
        """The reads of a RO_ACCESS_REPORT, in order. Raises: FrameError: a report in it is broken."""
        body, channels = message.raw[HEADER_BYTES:], self.channels_khz
        values = self._of_one_shape(body)
        if values is None:
            values = [
                value
                for kind, at, end in parameters(body, 0, len(body))
                if kind == TAG_REPORT
                for value in self._report(body[at - _TLV_HEAD : end])
            ]
        return [_read(value, channels, at_ms) for value in values]

    def _of_one_shape(self, reports: bytes) -> list[Values] | None:
        size = int.from_bytes(reports[2:4], "big")
        for shape in self._shapes.get(size, ()):
            values = shape.values(reports)
            if values is not None:
                return values
        return None

    def _report(self, report: bytes) -> list[Values]:
        known = self._of_one_shape(report)
        if known is not None:
            return known
        fields = walk(report, _TLV_HEAD, len(report))
        if len(self._shapes) < LENGTHS_MAX or len(report) in self._shapes:
            shapes = self._shapes.setdefault(len(report), [])
            if len(shapes) < SHAPES_MAX:
                shapes.append(_Shape(report))
        return [tuple(map(fields.get, _USED))]
