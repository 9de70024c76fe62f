// Which paths belong together, when nobody has written a `match` for them?
//
// A path becomes a shape in the form of `match`: segments that look like identifiers are
// `{id}`, a file with an asset's extension is `**` below its folder, all else stays as it
// is. Where one place shows more different words than a person would have named, they are
// identifiers too, and become `{id}` from then on. Bounded: so many words a place, so many
// places, and what comes after that is `**`.

/** More than this many words at one place are data, not names. */
const MOST_WORDS = 32
/** Places in the tree of all paths. */
const MOST_PLACES = 4096
const MOST_SEGMENTS = 12

const IDENTIFIER =
  /^(?:\d+|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{16,}|[0-9A-HJKMNP-TV-Z]{26}|\d{4}-\d\d(?:-\d\d)?|[^@]+@[^@]+|(?=[^/]*\d)[\w-]{20,})$/i
const ASSET = /\.(?:css|js|mjs|map|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|otf|eot|mp4|webm|wasm)$/i
const FINGERPRINT = /[.-_](?=[0-9a-z]*\d)[0-9a-z]{8,}[.-_]|(?:^|[.\-_])(?=[\w]*\d)[0-9A-Za-z_]{8,}\.[a-z0-9]+$/

interface Place {
  /** Undefined: too many, all of them are `{id}`. */
  words: Map<string, Place> | undefined
  any: Place | undefined
}

export class PathShapes {
  readonly #root: Place = { words: new Map(), any: undefined }
  #places = 1

  /**
   * The shape of a path, as far as learnt; another look at the same path may be wider. Only
   * answers that found something should teach: what a scanner tries is no name of anything.
   */
  learn(path: string): string {
    return this.#shapeOf(path, true) ?? '/**'
  }

  /** The shape of a path of which something was learnt; undefined for others. */
  known(path: string): string | undefined {
    return this.#shapeOf(path, false)
  }

  #shapeOf(path: string, learning: boolean): string | undefined {
    const segments = path.split('/').slice(1)
    const asset = isAsset(path)
    let shape = ''
    let place = this.#root
    let parameters = 0
    for (const [depth, segment] of (asset ? segments.slice(0, -1) : segments).entries()) {
      if (depth === MOST_SEGMENTS || (learning && this.#places >= MOST_PLACES)) return `${shape}/**`
      const next = this.#next(place, segment, learning)
      if (next === undefined) return undefined
      if (next.named) shape += `/${segment}`
      else shape += ++parameters === 1 ? '/{id}' : `/{id${parameters}}`
      place = next.place
    }
    return asset ? `${shape}/**` : shape
  }

  #next(place: Place, segment: string, learning: boolean): { place: Place; named: boolean } | undefined {
    const known = place.words?.get(segment)
    if (known !== undefined) return { place: known, named: true }
    const isName = place.words !== undefined && !IDENTIFIER.test(segment) && isPlain(segment)
    if (isName && !learning) return undefined
    if (isName && place.words !== undefined && place.words.size < MOST_WORDS) {
      const fresh = this.#newPlace()
      place.words.set(segment, fresh)
      return { place: fresh, named: true }
    }
    if (isName) place.words = undefined
    if (place.any === undefined && !learning) return undefined
    place.any ??= this.#newPlace()
    return { place: place.any, named: false }
  }

  #newPlace(): Place {
    this.#places += 1
    return { words: new Map(), any: undefined }
  }
}

/** Whether it may stand in a `match` as it is. */
function isPlain(segment: string): boolean {
  return /^[\w.~!$&'()+,;=:@-]*$/.test(segment)
}

export function isAsset(path: string): boolean {
  return ASSET.test(path)
}

/** Whether the file's name changes with its content, as bundlers make it. */
export function isFingerprinted(path: string): boolean {
  return FINGERPRINT.test(path.slice(path.lastIndexOf('/') + 1))
}
