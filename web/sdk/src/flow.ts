import type { Browser } from "./browser.js";
import { Code, sdkError } from "./errors.js";
import { isObject, originOf } from "./options.js";
import { inTransaction, type Outcome, rejectWith } from "./outcome.js";
import { type Polled, Poller } from "./poller.js";
import type { FlowState, Started } from "./state.js";
import { closeTarget, type Target } from "./target.js";
import type { Failure, Reply } from "./transport.js";

/** How long a page that is being left may stay before its flow is read from here. */
const LEAVING_MS = 60_000;

/** What a flow asks of the rest of the SDK. */
export interface FlowDeps {
  readonly browser: Browser;
  start(kind: Target["kind"]): Promise<Reply<Started>>;
  state(flowId: string, closed: boolean): Promise<Reply<FlowState>>;
  /** The flow exists on the server: remember it in the tab. */
  started(flowId: string): void;
  /** The promise is about to settle; `flowId` is `null` when no flow was started here. */
  settled(outcome: Outcome, flowId: string | null): void;
  /** Outcome for a window that was closed before it showed anything. */
  neverShown(): Outcome;
}

/** One run of a transaction (or lead) in this page, from the click to the settled promise. */
export class Flow implements Polled {
  readonly promise: Promise<unknown>;
  private finish!: (outcome: Outcome) => void;
  private done = false;
  private target: Target | null = null;
  /** Raised with every window, so that an answer for an earlier one is dropped. */
  private turn = 0;
  private begun: Started | null = null;
  private poller: Poller | null = null;
  private readonly cleanups: (() => void)[] = [];

  /** `id` is the transaction, or `null` for a lead, which is named by the server. */
  constructor(
    private readonly deps: FlowDeps,
    readonly id: string | null,
  ) {
    this.promise = new Promise((resolve, reject) => {
      this.finish = (outcome) => {
        if (outcome.kind === "resolve") resolve(outcome.value);
        else reject(outcome.error);
      };
    });
  }

  get flowId(): string {
    return this.begun?.flowId ?? this.id ?? "";
  }

  windowClosed(): boolean | null {
    return this.target?.kind === "popup" ? this.target.popup.closed : null;
  }

  /** Whether the user has no window of this flow in front of them, as far as the page can tell. */
  windowGone(): boolean {
    return this.target === null || this.windowClosed() === true;
  }

  focus(): void {
    if (this.target?.kind === "popup") this.target.popup.focus();
  }

  read(closed: boolean): Promise<Reply<FlowState>> {
    return this.deps.state(this.flowId, closed);
  }

  /** Follows a flow that an earlier page started. */
  resume(): void {
    this.poll(true);
  }

  /** Shows the flow in `target`: at its start, and again when its window was lost. */
  show(target: Target): void {
    this.target = target;
    this.turn += 1;
    const turn = this.turn;
    void this.deps.start(target.kind).then((reply) => {
      if (this.done || turn !== this.turn) return;
      if (reply.ok) this.enter(target, turn, reply.data);
      else this.notShown(reply.failure);
    });
  }

  private enter(target: Target, turn: number, begun: Started): void {
    this.begun = begun;
    if (this.windowClosed()) {
      if (!this.poller) this.settle(this.deps.neverShown());
      return;
    }
    this.deps.started(this.flowId);
    this.listen(originOf(begun.startUrl), begun.nonce);
    const into = target.kind === "popup" ? "popup" : "page";
    if (into === "page") this.pause();
    this.deps.browser.postForm(begun.startUrl, "handle", begun.handle, into);
    if (target.kind === "popup") this.poll(false);
    else this.leave(turn);
  }

  settle(outcome: Outcome): void {
    if (this.done) return;
    this.done = true;
    this.poller?.stop();
    for (let i = 0; i < this.cleanups.length; i += 1) this.cleanups[i]?.();
    closeTarget(this.target);
    this.deps.settled(outcome, this.poller || this.begun ? this.flowId : null);
    this.finish(outcome);
  }

  private notShown(failure: Failure): void {
    if (!this.poller) return this.settle(rejectWith(inTransaction(failure.error, this.id)));
    // A reopening failed: the flow itself goes on, and its state says why.
    closeTarget(this.target);
    this.poller.wake();
  }

  private poll(atOnce: boolean): void {
    if (this.done) return;
    if (this.poller) this.poller.wake();
    else this.poller = new Poller(this.deps.browser, this, atOnce);
  }

  /** A page that is being left must not take the change of pages for a closed window. */
  private pause(): void {
    this.poller?.stop();
    this.poller = null;
  }

  /**
   * The page is on its way out and this promise with it. If it stays, or comes back out of the
   * back/forward cache, the flow is read from here.
   */
  private leave(turn: number): void {
    const back = (): void => {
      if (turn !== this.turn) return;
      this.target = null;
      this.poll(true);
    };
    this.cleanups.push(this.deps.browser.after(LEAVING_MS, back), this.deps.browser.onRestored(back));
  }

  /** A message is a hint to ask the server now; it carries no result and needs the nonce. */
  private listen(origin: string | null, nonce: string): void {
    const stop = this.deps.browser.onMessage((from, data) => {
      if (from !== origin || !isObject(data)) return;
      const { source, version, type, transactionId, nonce: proof } = data;
      const ours = source === "torana-gateway" && version === 1 && type === "flow.update";
      if (ours && transactionId === this.flowId && proof === nonce) this.poller?.wake();
    });
    this.cleanups.push(stop);
  }
}

/** A window closed by the user while it was still empty: nothing was shown, nothing changed. */
export function closedWhileEmpty(transactionId: string | null): Outcome {
  return rejectWith(sdkError(Code.CancelledBeforeLogin, { transactionId }));
}
