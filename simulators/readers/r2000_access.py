"""Access of an R2000 reader to tag memory: what reads, writes and the EPC match ask for, and what each tag answers.

==  ==============================================================================================
81  bank, word, words, [password (4)]
82  password (4), bank, word, words, data; 94 the same by blocks
85  00, bytes, EPC: access only this tag; 01: every tag
==  ==============================================================================================

Each tag that was read or written answers one frame: tags (2), length, PC, EPC, tag CRC, then for a read the data and their
length, for a write an error code, then frequency and antenna, and a count. Source: pyImpinj 1.3, IND903 protocol V2.2.
"""

import dataclasses
from typing import Final

from simulators import gen2
from simulators.tags import Tag

SUCCESS, ANTENNA_MISSING = 0x10, 0x22
READ_FAILED, WRITE_FAILED, NO_TAG, BUFFER_EMPTY, WRONG_PASSWORD = 0x32, 0x33, 0x36, 0x38, 0x40
WRONG_PARAMETER, TOO_MANY_WORDS, WRONG_BANK, WRONG_ANTENNA = 0x41, 0x42, 0x43, 0x47
WRONG_POWER, WRONG_REGION, WRONG_BAUD = 0x48, 0x49, 0x4A
MATCH_TOO_LONG, MATCH_WRONG_LENGTH, MATCH_WRONG_MODE, WRONG_FREQUENCY = 0x4C, 0x4D, 0x4E, 0x4F
EPC_BYTES_MAX: Final = 62
READ_WORDS_MAX: Final = 32


class Refused(Exception):
    """A command is answered by an error code and nothing else."""

    def __init__(self, error: int) -> None:
        super().__init__(f"error {error:02X}")
        self.error = error


@dataclasses.dataclass(frozen=True, slots=True)
class Access:
    """One read or write."""

    bank: int
    word: int
    words: int
    password: bytes
    content: bytes = b""

    def read(self, tag: Tag) -> bytes:
        """What the tag answers. Raises: Refused: it has no such memory."""
        try:
            return gen2.read_words(tag, bank=self.bank, first=self.word, words=self.words)
        except gen2.TagError as error:
            raise Refused(READ_FAILED) from error

    def written(self, tag: Tag) -> Tag:
        """The tag afterwards. Raises: Refused: no such memory, locked, or another password."""
        try:
            return gen2.with_words(tag, self.content, bank=self.bank, first=self.word, password=self.password)
        except gen2.PasswordError as error:
            raise Refused(WRONG_PASSWORD) from error
        except gen2.TagError as error:
            raise Refused(WRONG_PASSWORD if error.code == gen2.LOCKED else WRITE_FAILED) from error


def parse_read(parameters: bytes) -> Access:
    """The read of 81. Raises: Refused."""
    if len(parameters) not in {3, 7}:
        raise Refused(WRONG_PARAMETER)
    bank, word, words = parameters[:3]
    return _checked(Access(bank, word, words, parameters[3:] or bytes(4)))


def parse_write(parameters: bytes) -> Access:
    """The write of 82 and 94. Raises: Refused."""
    if len(parameters) < 9 or len(parameters) != 7 + parameters[6] * 2:
        raise Refused(WRONG_PARAMETER)
    bank, word, words = parameters[4:7]
    return _checked(Access(bank, word, words, parameters[:4], parameters[7:]))


def _checked(access: Access) -> Access:
    if access.bank > 3:
        raise Refused(WRONG_BANK)
    if not 1 <= access.words <= READ_WORDS_MAX:
        raise Refused(TOO_MANY_WORDS)
    return access


def parse_match(parameters: bytes) -> bytes:
    """The EPC of 85; empty: no match any more. Raises: Refused."""
    if parameters == b"\x01":
        return b""
    if not parameters or parameters[0] != 0:
        raise Refused(MATCH_WRONG_MODE)
    if len(parameters) < 3 or parameters[1] != len(parameters) - 2:
        raise Refused(MATCH_WRONG_LENGTH)
    if parameters[1] > EPC_BYTES_MAX:
        raise Refused(MATCH_TOO_LONG)
    return parameters[2:]


def encode_answer(tag: Tag, result: bytes, *, tags: int, place: int) -> bytes:
    """What one tag answers; `result` is data and length, or an error code; `place` is frequency and antenna."""
    # EPC bank: CRC, PC, EPC. On the air a tag sends the CRC last.
    bank = gen2.bank_of(tag, gen2.BANK_EPC)
    memory = bank[2:] + bank[:2]
    is_read = len(result) > 1
    length = len(memory) + (len(result) - 1 if is_read else 0)
    return tags.to_bytes(2, "big") + bytes((length,)) + memory + result + bytes((place, 1))
