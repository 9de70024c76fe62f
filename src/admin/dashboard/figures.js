// How is a number written so that it is read at a glance?
//
// Three significant digits at most, with its unit, and a dash where nothing is known.
// Durations come in seconds, shares as 0 to 1, sizes in bytes.

export const UNKNOWN = '–'

const isUnknown = value => value === null || value === undefined || Number.isNaN(value)

/** At most three significant digits, never in exponent form. */
function short(value) {
  const magnitude = Math.abs(value)
  if (magnitude >= 100) return String(Math.round(value))
  if (magnitude >= 10) return String(Math.round(value * 10) / 10)
  return String(Math.round(value * 100) / 100)
}

/** Number and unit apart, for a large figure with a small unit. */
export function durationParts(seconds) {
  if (isUnknown(seconds)) return [UNKNOWN, '']
  if (seconds === 0) return ['0', 'ms']
  if (seconds < 0.001) return [short(seconds * 1e6), 'µs']
  if (seconds < 1) return [short(seconds * 1000), 'ms']
  if (seconds < 120) return [short(seconds), 's']
  return seconds < 7200 ? [short(seconds / 60), 'min'] : [short(seconds / 3600), 'h']
}

export function byteParts(bytes) {
  if (isUnknown(bytes)) return [UNKNOWN, '']
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let amount = bytes
  let unit = 0
  while (amount >= 1000 && unit < units.length - 1) {
    amount /= 1024
    unit += 1
  }
  return [short(amount), units[unit]]
}

export function shareParts(share) {
  if (isUnknown(share)) return [UNKNOWN, '']
  const percent = share * 100
  // 99.96 % is not 100 %: the last miss matters.
  if (percent > 99.9 && percent < 100) return ['99.9', '%']
  return [percent === 100 || percent === 0 ? String(percent) : percent.toFixed(1), '%']
}

export function rateParts(perSecond) {
  if (isUnknown(perSecond)) return [UNKNOWN, '']
  return [perSecond >= 10_000 ? `${short(perSecond / 1000)}k` : short(perSecond), '/s']
}

/** With a space that doesn't break. */
const joined = ([number, unit]) => (unit === '' ? number : `${number}\u00a0${unit}`)

export const duration = seconds => joined(durationParts(seconds))
export const bytes = amount => joined(byteParts(amount))
export const share = part => joined(shareParts(part))
export const rate = perSecond => joined(rateParts(perSecond))

/** Whole numbers with thin groups. */
export function count(value) {
  return isUnknown(value) ? UNKNOWN : Math.round(value).toLocaleString('en-US')
}

/** `3 h 12 min`: how long something has lasted. */
export function lasting(seconds) {
  const minutes = Math.floor(seconds / 60)
  if (minutes < 1) return `${Math.floor(seconds)} s`
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`
}
