"""Tag reports of LLRP: RO_ACCESS_REPORT to reads.

A report holds TagReportData parameters (240), one a tag: EPC-96 (TV 13) or EPCData (TLV 241: bit count, bytes), then whatever
the ROSpec asked for, results of an AccessSpec (349 = read: result, OpSpec number, words), and parameters of makers.

A reader sends the same few shapes over and over. Each shape is walked once, parameter by parameter, and then remembered as
one `Struct` for its values and one mask over its types and lengths, which all reports of a message are checked with at once.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import repeat
from operator import itemgetter
from struct import Struct
from struct import error as StructError  # noqa: N812 - the class has a name in lower case.
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

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
FORMS_MAX: Final = 8
"""Forms remembered for one length: tags differ in EPC and TID lengths, and not every tag answers every read."""
LENGTHS_MAX: Final = 64
LONG_MAX: Final = 0x3FF
"""Highest type of a TLV parameter; the bits above it are zero."""

Fields: TypeAlias = dict[str, Any]
"""One report as names and values: names of the test vectors, units in them; bytes where a tag's memory is told.

What becomes a read is always there, None when it is not told; the rest only when it is told.
"""
Values: TypeAlias = tuple[Any, ...]
"""What becomes a read, in the order of `_USED`; None: not told."""
_NOTHING: Final[Values] = (None,)
_NO_CHANNELS: Final[Mapping[int, int]] = MappingProxyType({})

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
    "epc", "tid", "antenna_id", "peak_rssi_dbm", "impinj_peak_rssi_cdbm", "channel_index", "tag_seen_count",
    "first_seen_utc_us", "pc", "crc", "xpc_w1", "impinj_phase",
)  # fmt: skip

_UNTOLD: Final[Fields] = dict.fromkeys((*_USED, "epc_bits"))
_used: Final = itemgetter(*_USED)
_WALK: Final = {
    0x80 | kind: (name, Struct(f">{layout}").unpack_from, 1 + Struct(f">{layout}").size)
    for kind, (name, layout) in _TV.items()
}
_number: Final = int.from_bytes
_TLV: Final = Struct(">HH")
_COUNT: Final = Struct(">H")
_READ: Final = Struct(">BHH")
_VENDOR: Final = Struct(">II")
_TLV_HEAD, _EPC_HEAD, _READ_HEAD, _VENDOR_HEAD, _IMPINJ_TID_HEAD = 4, 6, 9, 12, 14
"""Bytes before the part of each parameter that is a tag's or an antenna's own."""


def walk(raw: bytes, at: int, end: int) -> Fields:
    """Every field of the TagReportData whose content is `raw[at:end]`; makers' (vendor, subtype, bytes) under `custom`.

    Raises: FrameError: a parameter does not fit or a TV has no known size, there is no EPC, or EPC or TID are too long.
    """
    fields: Fields = _UNTOLD.copy()
    makers: list[tuple[int, int, bytes]] = []
    begun = at
    try:
        while at < end:
            begun = at
            known = _WALK.get(raw[at])
            if known is not None:
                name, unpack_from, size = known
                (fields[name],) = unpack_from(raw, at + 1)
                at += size
                continue
            kind, size = _TLV.unpack_from(raw, at)
            if kind > LONG_MAX or size < _TLV_HEAD:
                raise _misfit(raw, at, end)
            at += size
            if kind == CUSTOM and size >= _VENDOR_HEAD:
                vendor, subtype = _VENDOR.unpack_from(raw, begun + _TLV_HEAD)
                own = raw[begun + _VENDOR_HEAD : at]
                makers.append((vendor, subtype, own))
                if vendor == IMPINJ:
                    _impinj(subtype, own, fields)
            elif kind == CUSTOM:
                raise _misfit(raw, begun, end)
            elif kind in _LONG and at <= end:
                _LONG[kind](raw[begun + _TLV_HEAD : at], fields)
    except StructError as error:
        raise _misfit(raw, begun, end) from error
    if at > end:
        raise _misfit(raw, begun, end)
    if makers:
        fields["custom"] = makers
    epc: bytes | None = fields["epc"]
    if epc is None:
        raise FrameError("format", "a tag report has no EPC")
    fields["epc_bits"] = len(epc) * 8 if fields["epc_bits"] is None else fields["epc_bits"]
    if len(epc) > EPC_BYTES_MAX or len(fields["tid"] or b"") > TID_BYTES_MAX:
        raise FrameError("length", f"a report tells an EPC of {len(epc)} bytes, or a TID longer than a tag can have")
    return fields


def _misfit(raw: bytes, at: int, end: int) -> FrameError:
    """Why no parameter stands at `at`."""
    kind = raw[at]
    if kind & 0x80 and kind not in _WALK:
        return FrameError("format", f"parameter {kind & 0x7F} at byte {at} has no known size")
    return FrameError("length", f"a parameter at byte {at} does not fit into the {end - at} bytes that are left")


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


def _impinj(subtype: int, own: bytes, fields: Fields) -> None:
    known = _IMPINJ.get(subtype)
    if known is not None:
        (fields[known[0]],) = _unpack(Struct(f">{known[1]}"), own)
    elif subtype == IMPINJ_TID:
        (words,) = _unpack(_COUNT, own)
        if 2 * words != len(own) - _COUNT.size:
            raise FrameError("length", f"a TID of {words} words stands in {len(own) - _COUNT.size} bytes")
        fields["tid"] = own[_COUNT.size :]


def _unpack(layout: Struct, content: bytes) -> tuple[int, ...]:
    try:
        return layout.unpack_from(content)
    except StructError as error:
        raise FrameError("length", f"a parameter of a tag report is too short: {error}") from error


_LONG: Final[dict[int, Callable[[bytes, Fields], None]]] = {EPC_DATA: _epc_data, READ_RESULT: _read_result}


def walk_reports(message: Message) -> list[Fields]:
    """Fields of every tag of a RO_ACCESS_REPORT, in order. Raises: FrameError."""
    raw = message.raw
    return [walk(raw, at, end) for kind, at, end in parameters(raw, HEADER_BYTES, len(raw)) if kind == TAG_REPORT]


def tag_read(fields: Fields, channels_khz: Mapping[int, int] = _NO_CHANNELS, at_ms: int | None = None) -> TagRead:
    """The report as the common read. `channels_khz`: the reader's channels by index."""
    (read,) = _reads((_used(fields),), fields["epc_bits"], channels_khz, at_ms=at_ms)
    return read


def _reads(rows: Iterable[Values], bits: int, channels_khz: Mapping[int, int], *, at_ms: int | None) -> list[TagRead]:
    """One loop with little called but C, since this runs for every hearing of every tag."""
    reads = []
    for epc, tid, antenna, rssi, rssi_cdbm, channel, count, seen_us, pc, crc, xpc, phase in rows:
        id_hex, id_kind, tid_hex = _identity(epc, tid, pc)
        hearings = count or 1
        cdbm = rssi_cdbm if rssi_cdbm is not None or rssi is None else rssi * 100
        reads.append(
            TagRead(
                id_hex=id_hex,
                id_bits=bits,
                id_kind=id_kind,
                pc=pc,
                xpc_w1=xpc,
                tag_crc=crc,
                tid_hex=tid_hex,
                antenna=antenna,
                rssi_dbm=rssi if rssi_cdbm is None else rssi_cdbm / 100,
                rssi_sum_cdbm=None if cdbm is None else cdbm * hearings,
                freq_khz=channels_khz.get(channel),
                phase_deg=None if phase is None else round(phase * 360 / FULL_TURN) % 360,
                count=hearings,
                reader_ms=None if seen_us is None else seen_us // 1000,
                at_ms=at_ms,
            )
        )
    return reads


@lru_cache(maxsize=4_096)
def _identity(epc: bytes, tid: bytes | None, pc: int | None) -> tuple[str, str, str | None]:
    """Code, kind and TID as text. The tags of a tray are heard over and over: 95 of 100 reads find theirs here."""
    is_uii = pc is not None and pc & PC_IS_UII
    return epc.hex().upper(), "uii" if is_uii else "epc", tid.hex().upper() if tid else None


class _Shape:
    """Reports whose parameters have these types and lengths in this order."""

    def __init__(self, report: bytes) -> None:
        """`report`: one TagReportData, header included, that `walk` takes."""
        layout, names, mask = f">{_TLV_HEAD}x", list[str](), b"\xff" * _TLV_HEAD
        at, self.bits = _TLV_HEAD, 0
        for kind, begin, end in parameters(report, at, len(report)):
            head, name, form = _part(kind, report[begin:end])
            layout += f"{head}x{form}" if name in _USED else f"{end - at}x"
            names += [name] if name in _USED else []
            mask += b"\xff" * head + bytes(end - at - head)
            if kind == EPC_96:
                self.bits = 8 * (end - begin)
            elif kind == EPC_DATA:
                (self.bits,) = _COUNT.unpack_from(report, begin)
            at = end
        places = {name: place for place, name in enumerate([*names, ""])}
        self.mask = mask
        """Bits that are the same in every report of the shape."""
        self.layout = Struct(layout)
        self._places = tuple(places.get(name, places[""]) for name in _USED)
        self.pick = itemgetter(*self._places)
        """The values of a read out of what was unpacked and `_NOTHING` behind it."""

    def rows(self, reports: bytes) -> Iterable[Values]:
        """The values of several reports; by columns, which is quicker than a pick for each."""
        columns = (*zip(*self.layout.iter_unpack(reports), strict=True), repeat(None))
        return zip(*(columns[place] for place in self._places))  # noqa: B905 - what is not told has no end.


def _part(kind: int, content: bytes) -> tuple[int, str, str]:
    """Of one parameter: bytes that are the same in every report of the shape, name and layout of the rest."""
    known = _TV.get(kind)
    if known is not None:
        return 1, *known
    size = _TLV_HEAD + len(content)
    if kind == EPC_DATA:
        return _EPC_HEAD, "epc", f"{size - _EPC_HEAD}s"
    if kind == READ_RESULT and _READ.unpack_from(content)[:2] == (0, TID_OP):
        return _READ_HEAD, "tid", f"{size - _READ_HEAD}s"
    if kind == READ_RESULT:
        return _READ_HEAD, "", ""
    if kind != CUSTOM:
        return _TLV_HEAD, "", ""
    vendor, subtype = _VENDOR.unpack_from(content)
    if vendor == IMPINJ and subtype == IMPINJ_TID:
        return _IMPINJ_TID_HEAD, "tid", f"{size - _IMPINJ_TID_HEAD}s"
    if vendor == IMPINJ and subtype in _IMPINJ:
        return _VENDOR_HEAD, *_IMPINJ[subtype]
    return _VENDOR_HEAD, "", ""


class _Form(NamedTuple):
    """Messages of one length: so many reports, each of one shape."""

    mask: int
    fixed: int
    """What the mask leaves of a message of this form."""
    shape: _Shape
    unpack_from: Callable[[bytes, int], Values] | None
    """For one report: a reader that reports each tag at once sends nothing else. None: several."""


def _form(report: bytes, number: int) -> _Form:
    shape = _Shape(report)
    mask = _number(bytes(HEADER_BYTES) + shape.mask * number)
    fixed = _number(bytes(HEADER_BYTES) + report * number) & mask
    return _Form(mask, fixed, shape, shape.layout.unpack_from if number == 1 else None)


class ReportDecoder:
    """Reports of one reader to reads; remembers the forms that it has met."""

    def __init__(self) -> None:
        self.channels_khz: Mapping[int, int] = _NO_CHANNELS
        """The reader's channels by index, as its capabilities list them."""
        self._forms: dict[int, list[_Form]] = {}

    def reads(self, message: Message, at_ms: int | None = None) -> list[TagRead]:
        """The reads of a RO_ACCESS_REPORT, in order. Raises: FrameError: a report in it is broken."""
        raw = message.raw
        for mask, fixed, shape, unpack_from in self._forms.get(len(raw), ()):
            if _number(raw) & mask == fixed:
                rows: Iterable[Values]
                if unpack_from is not None:
                    rows = (shape.pick(unpack_from(raw, HEADER_BYTES) + _NOTHING),)
                else:
                    rows = shape.rows(raw[HEADER_BYTES:])
                return _reads(rows, shape.bits, self.channels_khz, at_ms=at_ms)
        reads = [tag_read(fields, self.channels_khz, at_ms) for fields in walk_reports(message)]
        if reads:
            self._learn(raw)
        return reads

    def _learn(self, raw: bytes) -> None:
        """Remember the form of a message that the walk has taken, if all its reports have the shape of the first."""
        kind, at, end = next(parameters(raw, HEADER_BYTES, len(raw)))
        forms = self._forms.setdefault(len(raw), []) if len(self._forms) < LENGTHS_MAX else []
        number, rest = divmod(len(raw) - HEADER_BYTES, end - at + _TLV_HEAD)
        if kind != TAG_REPORT or rest or len(forms) >= FORMS_MAX:
            return
        form = _form(raw[at - _TLV_HEAD : end], number)
        if _number(raw) & form.mask == form.fixed:
            forms.append(form)
