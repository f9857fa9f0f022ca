/** Ids: UUID version 7, made once on the device; they sort by the moment that made them. */

const RANDOM_BYTES = 10;

/**
 * Build a UUIDv7 from a moment (ms since epoch, UTC) and ten random bytes.
 * Source: RFC 9562, section 5.7. Clock and randomness come in as arguments so that a test can repeat them.
 */
export function uuidV7(atMs: number, random: Uint8Array): string {
  if (random.length !== RANDOM_BYTES) throw new RangeError(`A UUIDv7 needs ${RANDOM_BYTES} random bytes, not ${random.length}.`);
  const time = Math.trunc(atMs).toString(16).padStart(12, "0");
  const [a = 0, b = 0, c = 0, ...rest] = random;
  const versioned = `${hex(0x70 | (a & 0x0f))}${hex(b)}`;
  const variant = hex(0x80 | (c & 0x3f));
  const tail = rest.map(hex).join("");
  return `${time.slice(0, 8)}-${time.slice(8)}-${versioned}-${variant}${tail.slice(0, 2)}-${tail.slice(2)}`;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
