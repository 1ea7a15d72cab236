import type { ErrorData, ScGatewayError as ScGatewayErrorShape } from "./types.js";

/** Numbers of the errors that the SDK makes itself; every other one comes from the server. */
export const enum Code {
  InvalidJwt = 90,
  InvalidGateway = 100,
  CancelledBeforeLogin = 1010,
  Internal = 2000,
  InvalidTransactionId = 3002,
  TransactionInProcess = 3003,
  InitSdk = 3004,
  OrderPending = 4006,
  InvalidUserData = 7102,
  NoCompatibleBrowser = 7103,
}

/** Messages of the SDK's own errors; the rest of the table is not part of the script. */
export const OWN_MESSAGES: Readonly<Record<Code, string>> = {
  90: "invalid_jwt",
  100: "invalid_gateway",
  1010: "user_cancelled",
  2000: "internal_error",
  3002: "invalid_transactionId",
  3003: "transaction_in_process",
  3004: "init_sdk",
  4006: "order_pending",
  7102: "invalid_user_data",
  7103: "no_compatible_browser",
};

/** Facts that may accompany an error beside its number and message. */
export interface ErrorFacts {
  readonly data?: ErrorData | null;
  readonly transactionId?: string | null;
  readonly requestId?: string | null;
}

/**
 * The one error type of the SDK. Partners switch on `message`, so it is never decorated;
 * everything else that is known stands in the other members or on the console.
 */
export class ScGatewayError extends Error implements ScGatewayErrorShape {
  override readonly name: "ScGatewayError";
  readonly code: number;
  readonly data: ErrorData | null;
  readonly transactionId: string | null;
  readonly requestId: string | null;

  constructor(code: number, message: string, facts: ErrorFacts = {}) {
    super(message);
    // `super` of a built-in class returns a plain Error once the code is lowered to ES5.
    if (Object.setPrototypeOf) Object.setPrototypeOf(this, ScGatewayError.prototype);
    this.name = "ScGatewayError";
    this.code = code;
    this.data = facts.data ?? null;
    this.transactionId = facts.transactionId ?? null;
    this.requestId = facts.requestId ?? null;
  }
}

/** Builds an error of the SDK's own with the message that belongs to its number. */
export function sdkError(code: Code, facts?: ErrorFacts): ScGatewayError {
  return new ScGatewayError(code, OWN_MESSAGES[code], facts);
}
