// How is content compressed and taken out again, and how hard is it tried?
//
// Three ways of one coding: at once for what is small, at a level that costs less than
// the rest of the answer; hard on zlib's own threads for what is asked for often; and as
// a stream that lets every piece out as it comes (flush flags in the constructor), with
// a window small enough that a hundred streams don't matter. zstd windows stay within
// the 8 MiB that every decoder has to take (RFC 9659). Decoding is bounded in octets.
// Levels: measured on Node 26, 20 KiB of JSON: zstd 3 0.12 ms 5391 octets, gzip 5 0.3 ms
// 5100, br 4 0.3 ms 5415; hard: zstd 19 4660, gzip 9 4968, br 11 4373 (docs/compression.md).

import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import type { MadeCoding } from '../http/content-coding.ts'

const { constants } = zlib

export interface Octets {
  readonly coding: MadeCoding
  readonly content: Buffer
}

/** Content up to this size is compressed within the answer, once. */
export const AT_ONCE = 64 * 1024
/** Larger content is not tried harder: too long for the gain. */
export const HARD_AT_MOST = 4 * 1024 * 1024

const WINDOW_LIMIT = 23
/** 128 KiB. */
const STREAM_WINDOW = 17

/** In this turn; own memory. */
export function compressNow({ coding, content }: Octets): Buffer {
  switch (coding) {
    case 'gzip':
      return owned(zlib.gzipSync(content, { level: 5 }))
    case 'br':
      return owned(zlib.brotliCompressSync(content, { params: brotli(4, content.length) }))
    case 'zstd':
      return owned(zlib.zstdCompressSync(content, { params: { [constants.ZSTD_c_compressionLevel]: 3 } }))
  }
}

/** On zlib's threads, as small as is worth the time. */
export function compressHard({ coding, content }: Octets): Promise<Buffer> {
  const small = content.length <= AT_ONCE
  const middling = content.length <= 1024 * 1024
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, encoded: Buffer) => (error === null ? resolve(owned(encoded)) : reject(error))
    if (coding === 'gzip') zlib.gzip(content, { level: 9 }, done)
    else if (coding === 'br') {
      const quality = small ? constants.BROTLI_MAX_QUALITY : middling ? 9 : 6
      zlib.brotliCompress(content, { params: brotli(quality, content.length) }, done)
    } else {
      const level = small ? 19 : middling ? 12 : 9
      const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: WINDOW_LIMIT }
      zlib.zstdCompress(content, { params: small ? { [constants.ZSTD_c_compressionLevel]: level } : params }, done)
    }
  })
}

/** Takes content in, gives the coded form out piece by piece; nothing is held back between two writes. */
export function createCompressor(coding: MadeCoding): Transform {
  switch (coding) {
    case 'gzip':
      return zlib.createGzip({ level: 4, flush: constants.Z_SYNC_FLUSH })
    case 'br':
      return zlib.createBrotliCompress({
        flush: constants.BROTLI_OPERATION_FLUSH,
        params: { ...brotli(4, 0), [constants.BROTLI_PARAM_LGWIN]: STREAM_WINDOW },
      })
    case 'zstd':
      return zlib.createZstdCompress({
        flush: constants.ZSTD_e_flush,
        params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_windowLog]: STREAM_WINDOW },
      })
  }
}

/** In this turn; undefined where it is broken or comes to more than `limit` octets. */
export function decompressNow({ coding, content }: Octets, limit: number): Buffer | undefined {
  const bound = { maxOutputLength: limit }
  try {
    switch (coding) {
      case 'gzip':
        return owned(zlib.gunzipSync(content, bound))
      case 'br':
        return owned(zlib.brotliDecompressSync(content, bound))
      case 'zstd':
        return owned(zlib.zstdDecompressSync(content, { ...bound, ...DECODER_WINDOW }))
    }
  } catch {
    return undefined
  }
}

export function createDecompressor(coding: MadeCoding): Transform {
  switch (coding) {
    case 'gzip':
      return zlib.createGunzip({ flush: constants.Z_SYNC_FLUSH })
    case 'br':
      return zlib.createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH })
    case 'zstd':
      return zlib.createZstdDecompress(DECODER_WINDOW)
  }
}

const DECODER_WINDOW = { params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LIMIT } }

function brotli(quality: number, size: number) {
  const hint = size === 0 ? {} : { [constants.BROTLI_PARAM_SIZE_HINT]: size }
  return { [constants.BROTLI_PARAM_QUALITY]: quality, ...hint }
}

/** What is kept for long must not pin a larger buffer. */
function owned(made: Buffer): Buffer {
  if (made.buffer.byteLength === made.length) return made
  const own = Buffer.allocUnsafeSlow(made.length)
  made.copy(own)
  return own
}
