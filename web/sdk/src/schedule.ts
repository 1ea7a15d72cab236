/** First and later poll distance, for an answer that names none. */
const POLL_MS = 2_000;
const LATE_POLL_MS = 5_000;
/** Age of a flow from which it is polled less often. */
const LATE_AFTER_MS = 120_000;
/** Bounds of what the server may ask for. */
const MIN_POLL_MS = 500;
const MAX_POLL_MS = 30_000;
/** Waits after the first, second, ... failure in a row; the last one repeats. */
const BACKOFF_MS = [2_000, 4_000, 8_000, 10_000] as const;
/** Assumed rest of a flow whose expiry is unknown. */
const UNKNOWN_EXPIRY_MS = 15 * 60_000;
/** Grace on top of the expiry before an unreachable server is given up. */
const EXPIRY_GRACE_MS = 30_000;

/** Time from an answer to the next poll. `ageMs` is how long this page has been polling. */
export function pollDelay(pollAfterMs: number | null, ageMs: number): number {
  const wanted = pollAfterMs ?? (ageMs < LATE_AFTER_MS ? POLL_MS : LATE_POLL_MS);
  return Math.min(Math.max(wanted, MIN_POLL_MS), MAX_POLL_MS);
}

/** Time from the `failures`-th failure in a row (1-based) to the next try. */
export function retryDelay(failures: number): number {
  return BACKOFF_MS[Math.min(failures, BACKOFF_MS.length) - 1] ?? POLL_MS;
}

/** How long an unreachable server is tried after an answer that gave `expiresInMs`. */
export function patience(expiresInMs: number | null): number {
  return (expiresInMs ?? UNKNOWN_EXPIRY_MS) + EXPIRY_GRACE_MS;
}
