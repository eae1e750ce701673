/** `yyyyMMddHH` in UTC of a time in milliseconds: what an hour holds stands together in a key. */
export const hourOf = (time: number): string => digits(time, 'yyyy-MM-ddTHH'.length)

/** `yyyyMMddHHmm`. */
export const minuteOf = (time: number): string => digits(time, 'yyyy-MM-ddTHH:mm'.length)

const digits = (time: number, length: number) => new Date(time).toISOString().slice(0, length).replaceAll(/\D/g, '')
