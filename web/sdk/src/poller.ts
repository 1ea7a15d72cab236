import type { Browser } from "./browser.js";
import { CloseWatch } from "./close-watch.js";
import { Code, sdkError } from "./errors.js";
import { inTransaction, type Outcome, rejectWith, settled } from "./outcome.js";
import { patience, pollDelay, retryDelay } from "./schedule.js";
import type { FlowState } from "./state.js";
import type { Failure, Reply } from "./transport.js";

/** How often the window is looked at; costs no request. */
const LOOK_MS = 500;

/** The flow that a poller reads. */
export interface Polled {
  readonly flowId: string;
  /** Whether the window looks closed; `null` when this page holds no window. */
  windowClosed(): boolean | null;
  /** Reads the state, or with `closed` reports the window as closed. */
  read(closed: boolean): Promise<Reply<FlowState>>;
  settle(outcome: Outcome): void;
}

/** Reads the state of one flow until the server has decided. One request at a time. */
export class Poller {
  private readonly watch = new CloseWatch();
  private readonly startedAt: number;
  private readonly unsubscribe: () => void;
  private cancelLook: () => void = () => {};
  private cancelNext: () => void = () => {};
  private stopped = false;
  private inFlight = false;
  private wokenInFlight = false;
  private failures = 0;
  /** No request before this instant: the server asked for a pause. */
  private notBefore = 0;
  private giveUpAt: number;
  private handedOver = false;
  private pageGone = false;

  /** `atOnce` reads the state directly, else the first request waits for the usual distance. */
  constructor(
    private readonly browser: Browser,
    private readonly flow: Polled,
    atOnce: boolean,
  ) {
    this.startedAt = browser.now();
    this.giveUpAt = this.startedAt + patience(null);
    this.unsubscribe = browser.onWake(() => this.wake());
    this.look();
    this.next(atOnce ? 0 : this.delay(this.startedAt, null));
  }

  /** Asks at once, or directly after the request under way. */
  wake(): void {
    if (this.inFlight) this.wokenInFlight = true;
    else this.ask();
  }

  /** Ends everything; nothing is settled afterwards. */
  stop(): void {
    this.stopped = true;
    this.cancelNext();
    this.cancelLook();
    this.unsubscribe();
  }

  /** Plans the next request `delay` milliseconds from now, replacing the planned one. */
  private next(delay: number): void {
    this.cancelNext();
    if (!this.stopped) this.cancelNext = this.browser.after(delay, () => this.ask());
  }

  private look(): void {
    this.observe();
    this.cancelLook = this.browser.after(LOOK_MS, () => this.look());
  }

  private observe(): void {
    const now = this.browser.now();
    const closed = this.flow.windowClosed() ?? this.pageGone;
    const began = this.watch.observe(closed, now);
    if (began && !this.inFlight && this.failures === 0) this.next(this.delay(now, null));
  }

  private ask(): void {
    const sentAt = this.browser.now();
    if (this.stopped || this.inFlight || this.lost(sentAt)) return;
    if (sentAt < this.notBefore) {
      return this.next(Math.min(this.notBefore, this.giveUpAt) - sentAt);
    }
    this.cancelNext();
    this.inFlight = true;
    this.wokenInFlight = false;
    const report = this.watch.due(sentAt, this.pageGone);
    void this.flow.read(report).then((reply) => {
      this.inFlight = false;
      if (this.stopped) return;
      if (reply.ok) this.answered(reply.data, sentAt, report);
      else this.failed(reply.failure);
    });
  }

  private answered(state: FlowState, sentAt: number, report: boolean): void {
    const now = this.browser.now();
    this.failures = 0;
    this.giveUpAt = now + patience(state.expiresInMs);
    this.handedOver = this.handedOver || state.handedOver;
    this.pageGone = state.page === "gone";
    const outcome = settled(state.settlement, this.flow.flowId);
    if (outcome) return this.flow.settle(outcome);
    this.watch.answered(sentAt, report);
    this.observe();
    this.next(this.wokenInFlight ? 0 : this.delay(now, state.pollAfterMs));
  }

  private delay(now: number, pollAfterMs: number | null): number {
    return this.watch.delay(now, pollDelay(pollAfterMs, now - this.startedAt));
  }

  private failed(failure: Failure): void {
    if (!failure.transient) {
      return this.flow.settle(rejectWith(inTransaction(failure.error, this.flow.flowId)));
    }
    const now = this.browser.now();
    this.failures += 1;
    if (this.lost(now)) return;
    const pause = failure.retryAfterMs;
    if (pause !== null) this.notBefore = now + pause;
    const wait = pause ?? (this.wokenInFlight ? 0 : retryDelay(this.failures));
    this.next(Math.min(wait, this.giveUpAt - now));
  }

  /** Gives up on a server that has been silent for longer than the flow can live. */
  private lost(now: number): boolean {
    if (this.failures === 0 || now < this.giveUpAt) return false;
    const code = this.handedOver ? Code.OrderPending : Code.Internal;
    this.flow.settle(rejectWith(sdkError(code, { transactionId: this.flow.flowId })));
    return true;
  }
}
