"""Settings: what one agent is told in agent.toml, read once at start.

```toml
server = "ws://127.0.0.1:8000"        # wss:// beyond this machine
token_file = "agent.token"            # from `baguier device pair --kind agent`; mode 0600
data_dir = "spool"                    # unsent reads are kept here
name = "counter-pc"                   # optional, the computer's name otherwise

[[reader]]
name = "pad-1"
protocol = "thingmagic_ff"
port = "/dev/ttyACM0"                 # or usb:SERIAL, tcp:HOST:PORT, https://NAME:PASSWORD@HOST, mqtt://HOST/TOPIC
region = "EU"                         # never guessed
power_dbm = 20
antennas = [1, 2, 3, 4]
```

Paths are relative to the file. `baud` and `tid_words` are optional for a reader.
"""

import os
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from socket import gethostname
from typing import Any, Final
from urllib.parse import urlsplit

from reader_drivers.agent.protocols import ProtocolEntry, UnknownProtocol, protocol_named
from reader_drivers.driver import ReadPlan, Region
from reader_drivers.errors import PlanRefused
from reader_drivers.reads import NAME_CHARACTERS_MAX

SETTINGS_BYTES_MAX: Final = 1_048_576
TOKEN_CHARACTERS_MIN: Final = 22
"""128 bits in base64; the server mints 256."""
STREAM_PATH: Final = "/v1/agent/stream"

_AGENT_KEYS: Final = {"server", "token_file", "data_dir", "name", "demo_clock_file", "reader"}
_READER_KEYS: Final = {"name", "protocol", "port", "region", "power_dbm", "antennas", "baud", "tid_words"}


class SettingsRefused(ValueError):
    """agent.toml cannot be used; the sentence names the key, what was found and what to write."""

    code = "settings_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderSettings:
    """One `[[reader]]`."""

    name: str
    protocol: ProtocolEntry
    port: str
    baud: int
    plan: ReadPlan
    """Scanners have one too, with power 0 and antenna 1, which they ignore."""
    antennas: tuple[int, ...]
    """As the server learns them; empty for scanners."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """All of agent.toml."""

    server: str
    """Address of the stream, with its path."""
    token: str
    data_dir: Path
    name: str
    demo_clock_file: Path | None
    """Only for `serve --demo`: a file with the offset of the shop's clock in ms. None: the real time."""
    readers: tuple[ReaderSettings, ...]

    def reader(self, name: str) -> ReaderSettings:
        """The reader with this name. Raises: SettingsRefused, naming those there are."""
        for reader in self.readers:
            if reader.name == name:
                return reader
        known = ", ".join(reader.name for reader in self.readers)
        raise SettingsRefused(f"agent.toml has no reader named {name!r}; it has {known}.")


def load_settings(path: Path) -> AgentSettings:
    """The settings in this file. Raises: SettingsRefused for anything missing, unknown, unsafe or contradictory."""
    table = _load_table(path)
    _refuse_unknown(table, _AGENT_KEYS, "agent.toml")
    folder = path.resolve().parent
    readers = table.get("reader", [])
    if not isinstance(readers, list) or not readers or not all(isinstance(reader, dict) for reader in readers):
        raise SettingsRefused("agent.toml names no reader; add a [[reader]] table for each reader or scanner.")
    parsed = tuple(_reader(reader, n) for n, reader in enumerate(readers, start=1))
    names = [reader.name for reader in parsed]
    if len(set(names)) < len(names):
        raise SettingsRefused(f"Two readers have the same name in {sorted(names)}; give each its own.")
    clock = table.get("demo_clock_file")
    return AgentSettings(
        server=_server(_text(table, "server", "agent.toml")),
        token=load_token(folder / _text(table, "token_file", "agent.toml")),
        data_dir=folder / _text(table, "data_dir", "agent.toml"),
        name=_text(table, "name", "agent.toml") if "name" in table else gethostname(),
        demo_clock_file=None if clock is None else folder / _text(table, "demo_clock_file", "agent.toml"),
        readers=parsed,
    )


def load_token(path: Path) -> str:
    """The pairing token. Raises: SettingsRefused: no file, readable by others, or too short to be one."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsRefused(
            f"The token file {path} cannot be read ({error}); run `baguier device pair --kind agent`."
        ) from error
    if os.name == "posix" and mode & 0o077:
        raise SettingsRefused(
            f"The token file {path} has mode {mode:04o}, so others may read it; run `chmod 600 {path}`."
        )
    if len(token) < TOKEN_CHARACTERS_MIN:
        raise SettingsRefused(f"The token in {path} has {len(token)} characters; pair the agent again.")
    return token


def _load_table(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SettingsRefused(f"The settings file {path} cannot be read: {error.strerror}.") from error
    if len(raw) > SETTINGS_BYTES_MAX:
        raise SettingsRefused(f"The settings file {path} has {len(raw)} bytes; that is no agent.toml.")
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsRefused(f"The settings file {path} is not valid TOML: {error}.") from error


def _server(address: str) -> str:
    parts = urlsplit(address)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    if scheme not in {"ws", "wss"} or not parts.hostname:
        raise SettingsRefused(
            f"server is {address!r}; write an address like wss://shop.example or ws://127.0.0.1:8000."
        )
    if scheme == "ws" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise SettingsRefused(f"server is {address!r}: beyond this machine the token needs wss://.")
    path = parts.path.rstrip("/") or STREAM_PATH
    return f"{scheme}://{parts.netloc}{path}"


def _reader(table: dict[str, Any], number: int) -> ReaderSettings:
    where = f"[[reader]] {table.get('name', number)}"
    _refuse_unknown(table, _READER_KEYS, where)
    name, port = _text(table, "name", where), _text(table, "port", where)
    try:
        protocol = protocol_named(_text(table, "protocol", where))
    except UnknownProtocol as error:
        raise SettingsRefused(f"{where}: {error}") from error
    baud = _number(table, "baud", where) if "baud" in table else protocol.baud
    if not protocol.transmits:
        _refuse_unknown(table, _READER_KEYS - {"region", "power_dbm", "antennas", "tid_words"}, where)
        plan = ReadPlan(region=Region.EU, power_cdbm=0, antennas=(1,))
        return ReaderSettings(name=name, protocol=protocol, port=port, baud=baud, plan=plan, antennas=())
    try:
        plan = ReadPlan(
            region=_region(table, where),
            power_cdbm=_power_cdbm(table, where),
            antennas=_antennas(table, where),
            tid_words=_number(table, "tid_words", where) if "tid_words" in table else 6,
        )
        # A driver refuses at start what its readers cannot do; better said now than when the first count begins.
        protocol.driver().start(plan)
    except PlanRefused as error:
        raise SettingsRefused(f"{where}: {error}") from error
    return ReaderSettings(name=name, protocol=protocol, port=port, baud=baud, plan=plan, antennas=plan.antennas)


def _region(table: dict[str, Any], where: str) -> Region:
    known = ", ".join(Region)
    if "region" not in table:
        raise SettingsRefused(f"{where} has no region; write the radio rules of your country, one of {known}.")
    try:
        return Region(table["region"])
    except ValueError as error:
        raise SettingsRefused(f"{where}: region is {table['region']!r}; write one of {known}.") from error


def _power_cdbm(table: dict[str, Any], where: str) -> int:
    power = table.get("power_dbm")
    if isinstance(power, bool) or not isinstance(power, int | float):
        raise SettingsRefused(f"{where} has no power_dbm; write the output power in dBm, for example power_dbm = 20.")
    return round(power * 100)


def _antennas(table: dict[str, Any], where: str) -> tuple[int, ...]:
    antennas = table.get("antennas")
    if not isinstance(antennas, list) or not all(isinstance(a, int) and not isinstance(a, bool) for a in antennas):
        raise SettingsRefused(f"{where} has no antennas; write the connected ones, for example antennas = [1, 2].")
    return tuple(antennas)


def _text(table: dict[str, Any], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise SettingsRefused(f'{where} has no {key}; write {key} = "…".')
    if key == "name" and len(value) > NAME_CHARACTERS_MAX:
        raise SettingsRefused(f"{where}: the name has {len(value)} characters; at most {NAME_CHARACTERS_MAX} are sent.")
    return value


def _number(table: dict[str, Any], key: str, where: str) -> int:
    value = table[key]
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise SettingsRefused(f"{where}: {key} is {value!r}; write a whole number.")
    return value


def _refuse_unknown(table: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise SettingsRefused(f"{where} has the unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}.")
