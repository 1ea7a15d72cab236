import type { Browser, HttpExchange, HttpReply, HttpRequest, Popup } from "../src/browser.js";

/** Window handed out by the fake browser. */
export class FakePopup implements Popup {
  closed = false;
  focused = 0;
  constructor(private readonly log: string[]) {}
  close(): void {
    this.log.push("close window");
    this.closed = true;
  }
  focus(): void {
    this.focused += 1;
  }
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** A page on a clock of its own. Everything it was asked to do is in `log`, in order. */
export class FakeBrowser implements Browser {
  readonly log: string[] = [];
  readonly warnings: string[] = [];
  readonly popups: FakePopup[] = [];
  readonly forms: { action: string; field: string; value: string; into: string }[] = [];
  readonly storage: Map<string, string>;
  isSupported = true;
  popupsAllowed = true;
  redirectAllowed = true;
  storageBroken = false;
  url = "https://shop.example/basket?x=1";
  serve: (request: HttpRequest) => HttpReply | Promise<HttpReply> = () => Promise.reject(new TypeError());

  private clock = 1_000_000;
  private orders = 0;
  private timers: Timer[] = [];
  private readonly wakes = new Set<() => void>();
  private readonly messages = new Set<(origin: string, data: unknown) => void>();
  private readonly restores = new Set<() => void>();

  constructor(storage: Map<string, string> = new Map()) {
    this.storage = storage;
  }

  supported(): boolean {
    return this.isSupported;
  }

  now(): number {
    return this.clock;
  }

  after(ms: number, run: () => void): () => void {
    this.orders += 1;
    const timer = { at: this.clock + Math.max(ms, 0), order: this.orders, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  http(request: HttpRequest): HttpExchange {
    const path = request.url.replace(/^.*\/torana\/sdk\/v1\//, "");
    this.log.push(`${request.method} ${path}`);
    return {
      reply: Promise.resolve().then(() => this.serve(request)),
      abort: () => this.log.push("abort"),
    };
  }

  openWindow(): Popup | null {
    if (!this.popupsAllowed) return null;
    const popup = new FakePopup(this.log);
    this.popups.push(popup);
    this.log.push("open window");
    return popup;
  }

  canRedirect(): boolean {
    return this.redirectAllowed;
  }

  postForm(action: string, field: string, value: string, into: "popup" | "page"): void {
    this.log.push(`form into ${into}`);
    this.forms.push({ action, field, value, into });
  }

  pageUrl(): string {
    return this.url;
  }

  pageOrigin(): string {
    return new URL(this.url).origin;
  }

  onWake(run: () => void): () => void {
    return subscribe(this.wakes, run);
  }

  onMessage(run: (origin: string, data: unknown) => void): () => void {
    return subscribe(this.messages, run);
  }

  onRestored(run: () => void): () => void {
    return subscribe(this.restores, run);
  }

  recall(key: string): string | null {
    return this.storageBroken ? null : (this.storage.get(key) ?? null);
  }

  remember(key: string, value: string | null): void {
    if (this.storageBroken) return;
    if (value === null) this.storage.delete(key);
    else this.storage.set(key, value);
  }

  warn(text: string): void {
    this.warnings.push(text);
  }

  /** Number of subscriptions and timers that are still there. */
  get leftovers(): number {
    return this.wakes.size + this.messages.size + this.restores.size + this.timers.length;
  }

  get popup(): FakePopup {
    const popup = this.popups.at(-1);
    if (!popup) throw new Error("no window was opened");
    return popup;
  }

  wake(): void {
    for (const run of [...this.wakes]) run();
  }

  post(origin: string, data: unknown): void {
    for (const run of [...this.messages]) run(origin, data);
  }

  restore(): void {
    for (const run of [...this.restores]) run();
  }

  /** Lets everything that is ready run, without moving the clock. */
  async settle(): Promise<void> {
    await this.advance(0);
  }

  /** Moves the clock, running what falls due on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.clock + ms;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.timers
        .filter((timer) => timer.at <= end)
        .sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (!next) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.clock = Math.max(this.clock, next.at);
      next.run();
    }
    this.clock = end;
  }
}

function subscribe<T>(set: Set<T>, item: T): () => void {
  set.add(item);
  return () => set.delete(item);
}
