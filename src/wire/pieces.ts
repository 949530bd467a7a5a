/** A piece that is smaller than this costs more as a buffer of its own than copied. */
const SMALL_BYTES = 1024;
const SLAB_BYTES = 16 * 1024;

/** The bytes of an answer as they come. However small the pieces are, they take no more memory than some of their size. */
export class Pieces {
  size = 0;
  readonly #whole: Uint8Array[] = [];
  #slab: Buffer | undefined;
  #filled = 0;

  push(piece: Uint8Array): void {
    this.size += piece.byteLength;
    // The first is most often all there is.
    if (piece.byteLength >= SMALL_BYTES || this.#whole.length === 0) {
      this.#closeSlab();
      this.#whole.push(piece);
      return;
    }
    if (this.#slab === undefined || this.#filled + piece.byteLength > SLAB_BYTES) {
      this.#closeSlab();
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    }
    this.#slab.set(piece, this.#filled);
    this.#filled += piece.byteLength;
  }

  bytes(): Uint8Array {
    this.#closeSlab();
    const [first] = this.#whole;
    return this.#whole.length === 1 && first !== undefined ? first : Buffer.concat(this.#whole);
  }

  #closeSlab(): void {
    if (this.#slab !== undefined) this.#whole.push(this.#slab.subarray(0, this.#filled));
    this.#slab = undefined;
    this.#filled = 0;
  }
}
