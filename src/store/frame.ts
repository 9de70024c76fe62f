// How are numbers, texts and lists laid into one buffer and taken out again?
//
// The alphabet of the codec. Numbers are doubles; lengths are 32-bit; a text's top
// length bit says UTF-16 (any string survives), otherwise it is Latin-1. The writer grows its buffer, the reader
// never reads past its end: once something doesn't fit it is no longer `sound`, and
// everything it returns from then on is empty, so that callers need no check per field.

const UTF16 = 0x80000000
const ABSENT = 0xffffffff
const NO_BYTES = Buffer.alloc(0)

export class FrameWriter {
  #buffer: Buffer
  #at = 0

  constructor(size: number) {
    this.#buffer = Buffer.allocUnsafeSlow(size)
  }

  skip(count: number): void {
    this.#reserve(count)
    this.#at += count
  }

  number(value: number): void {
    this.#reserve(8)
    this.#at = this.#buffer.writeDoubleBE(value, this.#at)
  }

  text(value: string): void {
    const latin1 = isLatin1(value)
    const length = latin1 ? value.length : value.length * 2
    this.#length(latin1 ? length : length + UTF16)
    this.#reserve(length)
    this.#at += this.#buffer.write(value, this.#at, latin1 ? 'latin1' : 'utf16le')
  }

  optionalText(value: string | undefined): void {
    if (value === undefined) this.#length(ABSENT)
    else this.text(value)
  }

  list<T>(items: readonly T[], write: (item: T) => void): void {
    this.#length(items.length)
    for (const item of items) write(item)
  }

  content(value: Buffer): void {
    this.#length(value.length)
    this.#reserve(value.length)
    this.#at += value.copy(this.#buffer, this.#at)
  }

  /** What was written, in memory of its own. */
  finish(): Buffer {
    if (this.#at === this.#buffer.length) return this.#buffer
    const exact = Buffer.allocUnsafeSlow(this.#at)
    this.#buffer.copy(exact, 0, 0, this.#at)
    return exact
  }

  #length(value: number): void {
    this.#reserve(4)
    this.#at = this.#buffer.writeUInt32BE(value, this.#at)
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#at + count, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }
}

function isLatin1(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0xff) return false
  return true
}

export class FrameReader {
  readonly #frame: Buffer
  #at: number
  /** False once anything did not fit. */
  sound = true

  constructor(frame: Buffer, from: number) {
    this.#frame = frame
    this.#at = from
  }

  get atEnd(): boolean {
    return this.#at === this.#frame.length
  }

  number(): number {
    const at = this.#take(8)
    return this.sound ? this.#frame.readDoubleBE(at) : 0
  }

  text(): string {
    return this.#textOf(this.#length())
  }

  optionalText(): string | undefined {
    const length = this.#length()
    return length === ABSENT ? undefined : this.#textOf(length)
  }

  list<T>(read: () => T): T[] {
    const count = this.#length()
    const items: T[] = []
    // Every item takes four bytes at least: a count beyond that can't be true.
    if (count * 4 > this.#frame.length - this.#at) this.sound = false
    while (this.sound && items.length < count) items.push(read())
    return items
  }

  /** A copy in memory of its own. */
  content(): Buffer {
    const length = this.#length()
    const at = this.#take(length)
    if (!this.sound) return NO_BYTES
    const content = Buffer.allocUnsafeSlow(length)
    this.#frame.copy(content, 0, at, at + length)
    return content
  }

  #textOf(marked: number): string {
    const wide = marked >= UTF16
    const length = wide ? marked - UTF16 : marked
    const at = this.#take(length)
    if (!this.sound) return ''
    return this.#frame.toString(wide ? 'utf16le' : 'latin1', at, at + length)
  }

  #length(): number {
    const at = this.#take(4)
    return this.sound ? this.#frame.readUInt32BE(at) : 0
  }

  #take(count: number): number {
    const at = this.#at
    if (!this.sound || count > this.#frame.length - at) this.sound = false
    else this.#at = at + count
    return at
  }
}
