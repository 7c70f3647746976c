/** Returns the first moment at which something that began at `since` has lasted; undefined when it is not known. */
export function soaksUntil(since: Date | undefined, soakMinutes: number): Date | undefined {
  // Without a soak even an unknown beginning is early enough.
  if (soakMinutes === 0) return new Date(0);
  return since && new Date(since.getTime() + soakMinutes * 60_000);
}

/** Returns the first whole minute from `date` on: who waits until then has waited long enough. */
export function wholeMinute(date: Date): Date {
  return new Date(Math.ceil(date.getTime() / 60_000) * 60_000);
}
