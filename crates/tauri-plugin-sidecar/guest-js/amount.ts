/** The largest number of them that is asked for: more than are ever kept. */
const ALL = 0xffff_ffff

/** A number of lines or events, of which `Infinity` is all. Throws a `RangeError` where it is none. */
export function lines(count: number): number {
  if (count === Infinity) return ALL
  if (!Number.isInteger(count) || count < 0) throw new RangeError(`${count} is no number of them`)
  return Math.min(count, ALL)
}

/** Milliseconds, of which `Infinity` is no limit. Throws a `RangeError` where they are none. */
export function limit(millis: number | undefined): number | undefined {
  if (millis === undefined || millis === Infinity) return undefined
  const whole = Math.ceil(millis)
  if (!Number.isSafeInteger(whole) || whole < 0) throw new RangeError(`${millis} is not a time in milliseconds`)
  return whole
}
