import type { Browser } from "./browser.js";
import { isObject, isText } from "./options.js";

/** What a reloaded or returning page needs to re-attach to its flow. */
export interface PendingRecord {
  readonly transactionId: string;
  readonly gateway: string;
  readonly sdkSession: string;
}

const KEY = "torana_gateway";

/** The open flow as the tab remembers it, from its start to its settlement. */
export class Pending {
  constructor(
    private readonly browser: Browser,
    private readonly gateway: string,
  ) {}

  /** The remembered flow of this gateway, if any. */
  read(): PendingRecord | null {
    const stored = parse(this.browser.recall(KEY));
    if (!isObject(stored) || stored["gateway"] !== this.gateway) return null;
    const { transactionId, sdkSession } = stored;
    if (!isText(transactionId) || !isText(sdkSession)) return null;
    return { transactionId, gateway: this.gateway, sdkSession };
  }

  write(transactionId: string, sdkSession: string): void {
    const record: PendingRecord = { transactionId, gateway: this.gateway, sdkSession };
    this.browser.remember(KEY, JSON.stringify(record));
  }

  /** Forgets this flow; another one that took its place stays. */
  forget(transactionId: string): void {
    if (this.read()?.transactionId === transactionId) this.browser.remember(KEY, null);
  }
}

function parse(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "null") as unknown;
  } catch {
    return null;
  }
}
