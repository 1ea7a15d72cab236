/** How long a closed window is observed before it is reported, and in how many polls. */
const OBSERVE_MS = 3_000;
const OBSERVE_POLLS = 2;

/**
 * Decides when a window that looks closed is reported. Looking closed proves nothing, because a
 * page's opener policy can cut the link to a window that is open; so the server is asked twice
 * more first, and the server decides.
 */
export class CloseWatch {
  private since: number | null = null;
  private polls = 0;
  private reported = false;

  /** Takes in whether the window looks closed now; `true` when that has just begun. */
  observe(closed: boolean, now: number): boolean {
    if (!closed) {
      this.since = null;
      return false;
    }
    if (this.since !== null) return false;
    this.since = now;
    this.polls = 0;
    this.reported = false;
    return true;
  }

  /** Counts an answered request that was sent at `sentAt`. */
  answered(sentAt: number, report: boolean): void {
    if (this.since === null || sentAt < this.since) return;
    this.polls += 1;
    if (report) this.reported = true;
  }

  /**
   * Whether the next request is a report. After an unbelieved report another one follows only
   * while no page of the flow is present, since only then can it be believed.
   */
  due(now: number, pageGone: boolean): boolean {
    if (this.since === null) return false;
    if (this.reported) return pageGone;
    return this.polls >= OBSERVE_POLLS && now - this.since >= OBSERVE_MS;
  }

  /** Shortens `delay` while the observation runs. */
  delay(now: number, delay: number): number {
    if (this.since === null || this.reported) return delay;
    const end = Math.max(this.since + OBSERVE_MS - now, 0);
    return Math.min(delay, this.polls < OBSERVE_POLLS - 1 ? OBSERVE_MS / OBSERVE_POLLS : end);
  }
}
