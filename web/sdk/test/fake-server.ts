import type { HttpReply, HttpRequest } from "../src/browser.js";
import type { FakeBrowser } from "./fake-browser.js";

export const HOST = "https://torana.example";
export const TRX = "TRX_0123456789abcdef0123456789abcdef";
export const OTHER_TRX = "TRX_ffffffffffffffffffffffffffffffff";
export const GUEST = jwt({ guest: true });
export const ALICE = jwt({ smallcaseAuthId: "507f1f77bcf86cd799439011" });
export const BOB = jwt({ smallcaseAuthId: "507f1f77bcf86cd799439022" });

/** A token with the given payload and no valid signature; only its payload is ever read here. */
export function jwt(payload: object, salt = ""): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "HS256" })}.${part(payload)}.sig${salt}`;
}

export interface Seen {
  readonly at: number;
  readonly path: string;
  readonly method: string;
  readonly session: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown>;
}

type Route = (seen: Seen) => HttpReply | Promise<HttpReply>;

/** A server that follows the SDK protocol as far as the test scripts it. */
export class FakeServer {
  readonly seen: Seen[] = [];
  state: Record<string, unknown> = {};
  settlement: Record<string, unknown> = pending();
  sessions = 0;
  handles = 0;
  init: Route = (seen) => {
    this.sessions += seen.session === null ? 1 : 0;
    const connected = seen.body["smallcaseAuthToken"] !== GUEST;
    return ok({
      sdkSession: seen.session ?? `ss_${this.sessions}`,
      sessionExpiresInMs: 7_200_000,
      status: connected ? "CONNECTED" : "GUEST",
      broker: connected ? "kite" : null,
      displayName: "Acme",
      mode: "sandbox",
    });
  };
  start: Route = () => {
    this.handles += 1;
    return ok({ startUrl: `${HOST}/flow/start`, handle: `h_${this.handles}`, nonce: `n_${this.handles}` });
  };
  read: Route = () => ok(this.stateData());
  closed: Route = (seen) => this.read(seen);
  other: Route = () => fail(404, "route_not_found");

  constructor(private readonly browser: FakeBrowser) {
    browser.serve = (request) => this.answer(request);
  }

  stateData(): Record<string, unknown> {
    return {
      transactionId: TRX,
      status: "INITIALIZED",
      step: "chooser",
      page: "present",
      handedOver: false,
      expiresInMs: 541_200,
      pollAfterMs: 2000,
      ...this.state,
      settlement: this.settlement,
    };
  }

  /** Requests of one kind, in order. */
  of(kind: "init" | "start" | "state" | "closed" | "leads" | "logout" | "markArchived"): Seen[] {
    return this.seen.filter((seen) => seen.path === kind || seen.path.endsWith("/" + kind));
  }

  private answer(request: HttpRequest): HttpReply | Promise<HttpReply> {
    const bearer = request.headers["authorization"];
    const seen: Seen = {
      at: this.browser.now(),
      path: request.url.replace(/^.*\/torana\/sdk\/v1\/[^/]+\//, ""),
      method: request.method,
      session: bearer ? bearer.replace("Bearer ", "") : null,
      headers: request.headers,
      body: request.body === null ? {} : (JSON.parse(request.body) as Record<string, unknown>),
    };
    this.seen.push(seen);
    if (seen.path === "init") return this.init(seen);
    if (seen.path.endsWith("/start") || seen.path === "leads") return this.start(seen);
    if (seen.path.endsWith("/state")) return this.read(seen);
    if (seen.path.endsWith("/closed")) return this.closed(seen);
    return this.other(seen);
  }
}

export function pending(): Record<string, unknown> {
  return { outcome: "pending", code: null, message: null, result: null };
}

export function resolved(result: unknown): Record<string, unknown> {
  return { outcome: "resolve", code: null, message: null, result };
}

export function rejected(code: number, message: string, result: unknown = null): Record<string, unknown> {
  return { outcome: "reject", code, message, result };
}

export function ok(data: unknown): HttpReply {
  return { status: 200, retryAfter: null, body: { success: true, errors: null, data } };
}

/** A refusal with the envelope of the contract, and the SDK's part when `code` is given. */
export function fail(
  status: number,
  slug: string,
  code?: number,
  message: string = slug,
  retryAfter: string | null = null,
): HttpReply {
  const sdk = code === undefined ? {} : { sdk: { code, message } };
  return {
    status,
    retryAfter,
    body: { success: false, errors: [slug], data: null, message: slug, errorCode: slug, requestId: "req_1", ...sdk },
  };
}

/** A connect result as the server makes it. */
export function connected(smallcaseAuthToken: string = ALICE): Record<string, unknown> {
  const identity = { smallcaseAuthToken, broker: "kite", signup: false, transactionId: TRX, notes: null };
  return {
    success: true,
    errors: null,
    transaction: "CONNECT",
    status: "COMPLETED",
    ...identity,
    data: identity,
  };
}
