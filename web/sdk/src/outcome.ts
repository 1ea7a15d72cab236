import { Code, ScGatewayError, sdkError } from "./errors.js";
import { isObject, isText } from "./options.js";
import type { Settlement } from "./state.js";
import type { ErrorData } from "./types.js";

/** How a flow's promise ends. */
export type Outcome =
  | { readonly kind: "resolve"; readonly value: unknown }
  | { readonly kind: "reject"; readonly error: ScGatewayError };

export function resolveWith(value: unknown): Outcome {
  return { kind: "resolve", value };
}

export function rejectWith(error: ScGatewayError): Outcome {
  return { kind: "reject", error };
}

/** Translates the server's decision; `null` while there is none. Unknown errors pass unchanged. */
export function settled(settlement: Settlement, transactionId: string): Outcome | null {
  const { outcome, code, message, result } = settlement;
  if (outcome === "pending") return null;
  if (outcome === "resolve") return resolveWith(result);
  const data = isObject(result) ? (result as ErrorData) : null;
  const facts = { data, transactionId };
  return rejectWith(
    code === null || message === null
      ? sdkError(Code.Internal, facts)
      : new ScGatewayError(code, message, facts),
  );
}

/** The same error with the transaction that it happened in. */
export function inTransaction(error: ScGatewayError, transactionId: string | null): ScGatewayError {
  const { code, message, data, requestId } = error;
  return new ScGatewayError(code, message, { data, requestId, transactionId });
}

/** The fresh user JWT that an outcome brought along. */
export function returnedUserJwt(outcome: Outcome): string | null {
  const holder = outcome.kind === "resolve" ? outcome.value : outcome.error.data;
  const token = isObject(holder) ? holder["smallcaseAuthToken"] : null;
  return isText(token) ? token : null;
}
