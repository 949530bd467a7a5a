const COUNTER = 2n ** 42n;

/**
 * Ids of events: `evt_` and an RFC 9562 UUIDv7 that grows with each one, within a millisecond by a counter, so that
 * sorting by it restores the order of emission. `random`: 32 bits.
 */
export function createEventIds(random: () => number) {
  let last = -1;
  let counter = 0n;

  return (ms: number, prefix: "evt_" | "evt_test_" = "evt_"): string => {
    const time = Math.max(Math.floor(ms), last);
    // A new millisecond begins low enough to count on from there.
    counter = time === last ? counter + BigInt(1 + (random() % 0x1_0000)) : BigInt(random()) << 9n;
    last = time;
    return `${prefix}${uuid(time, ((counter % COUNTER) << 32n) | BigInt(random()))}`;
  };
}

/** A UUIDv7 of a time and 74 bits. */
function uuid(ms: number, bits: bigint): string {
  const time = ms.toString(16).padStart(12, "0");
  const high = ((bits >> 62n) & 0xfffn).toString(16).padStart(3, "0");
  const low = ((bits & (2n ** 62n - 1n)) | (1n << 63n)).toString(16).padStart(16, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${high}-${low.slice(0, 4)}-${low.slice(4)}`;
}
