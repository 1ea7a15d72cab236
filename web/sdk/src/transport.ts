import type { Browser, HttpExchange, HttpReply, HttpRequest } from "./browser.js";
import { Code, ScGatewayError, sdkError } from "./errors.js";
import { isObject, isText, type Options } from "./options.js";
import { VERSION } from "./version.js";

/** Why a call failed, and what may be done about it. */
export interface Failure {
  readonly error: ScGatewayError;
  /** The same call may work later: network, 5xx, 408, 429, or an answer without envelope. */
  readonly transient: boolean;
  /** From `Retry-After`, in milliseconds. */
  readonly retryAfterMs: number | null;
  /** The SDK session is unknown or old; `init` makes a new one. */
  readonly sessionExpired: boolean;
}

/** Outcome of a call. */
export type Reply<T> =
  | { readonly ok: true; readonly data: T }
  | { readonly ok: false; readonly failure: Failure };

/** Longest wait for one answer. */
export const REQUEST_TIMEOUT_MS = 10_000;
/** Longest `Retry-After` that is obeyed; more would outlive the transaction. */
export const MAX_RETRY_AFTER_MS = 120_000;

/** The SDK's calls to its server: one envelope in, one `Reply` out. Never rejects. */
export class Transport {
  private readonly base: string;
  /** One console text per outage, not one per poll. */
  private warned = false;

  constructor(
    private readonly browser: Browser,
    private readonly options: Options,
  ) {
    this.base = options.host + "/torana/sdk/v1/" + encodeURIComponent(options.gateway) + "/";
  }

  /** Sends one request; `body` makes it a POST. */
  send(path: string, body: unknown, sdkSession: string | null): Promise<Reply<unknown>> {
    return new Promise((done) => {
      let exchange: HttpExchange;
      try {
        exchange = this.browser.http(this.request(path, body, sdkSession));
      } catch {
        // The page gave something that has no JSON form.
        return done(local(Code.Internal));
      }
      const cancel = this.browser.after(REQUEST_TIMEOUT_MS, () => {
        exchange.abort();
        done(this.unreachable());
      });
      exchange.reply.then(
        (reply) => {
          cancel();
          this.warned = false;
          done(read(reply));
        },
        () => {
          cancel();
          done(this.unreachable());
        },
      );
    });
  }

  private request(path: string, body: unknown, sdkSession: string | null): HttpRequest {
    const headers: Record<string, string> = { "x-torana-sdk": "web/" + VERSION };
    if (body !== null) headers["content-type"] = "application/json";
    if (sdkSession !== null) headers["authorization"] = "Bearer " + sdkSession;
    return {
      method: body === null ? "GET" : "POST",
      url: this.base + path,
      headers,
      body: body === null ? null : JSON.stringify(body),
    };
  }

  private unreachable(): Reply<never> {
    if (!this.warned) this.browser.warn(whitelistHint(this.options, this.browser.pageOrigin()));
    this.warned = true;
    return failed(sdkError(Code.Internal), true, null, false);
  }
}

/** A refused origin looks like a dead network to the page, so the text names both. */
function whitelistHint(options: Options, origin: string): string {
  return (
    `No answer from ${options.host}. Either the network is down, or the origin of this page, ` +
    `${origin}, is not whitelisted: the operator adds it to the web origins of the gateway ` +
    `(torana gateway update ${options.gateway} --origin ${origin}, with every other origin that ` +
    `is to stay). A Content-Security-Policy of this page must allow ${options.host} in connect-src.`
  );
}

/** Failure that the SDK found without asking the server. */
export function local(code: Code): Reply<never> {
  return failed(sdkError(code), false, null, false);
}

function failed(
  error: ScGatewayError,
  transient: boolean,
  retryAfterMs: number | null,
  sessionExpired: boolean,
): Reply<never> {
  return { ok: false, failure: { error, transient, retryAfterMs, sessionExpired } };
}

function read(reply: HttpReply): Reply<unknown> {
  const { status, body } = reply;
  if (status >= 200 && status < 300 && isObject(body) && body["success"] === true) {
    return { ok: true, data: body["data"] };
  }
  const envelope = isObject(body) ? body : {};
  const sdk = isObject(envelope["sdk"]) ? envelope["sdk"] : {};
  const { code, message } = sdk;
  const requestId = isText(envelope["requestId"]) ? envelope["requestId"] : null;
  const error =
    typeof code === "number" && isText(message)
      ? new ScGatewayError(code, message, { requestId })
      : sdkError(Code.Internal, { requestId });
  // An answer without the envelope comes from something between here and the server.
  const transient =
    !isObject(body) || status < 400 || status >= 500 || status === 408 || status === 429;
  return failed(
    error,
    transient,
    status === 429 ? retryAfter(reply.retryAfter) : null,
    status === 401 && slug(envelope) === "sdk_session_expired",
  );
}

function slug(envelope: Record<string, unknown>): unknown {
  const errors = envelope["errors"];
  return Array.isArray(errors) ? (errors as unknown[])[0] : envelope["errorCode"];
}

function retryAfter(header: string | null): number | null {
  const seconds = /^\d+$/.test(header ?? "") ? Number(header) : null;
  return seconds === null ? null : Math.min(seconds * 1000, MAX_RETRY_AFTER_MS);
}
