import { isObject, isText, originOf } from "./options.js";

/** Answer to `start`: where the one-time handle is posted, and what proves a message. */
export interface Started {
  /** Transaction or lead flow whose state is to be read. */
  readonly flowId: string;
  readonly startUrl: string;
  readonly handle: string;
  readonly nonce: string;
}

/** The server's decision about the promise. */
export interface Settlement {
  readonly outcome: "pending" | "resolve" | "reject";
  readonly code: number | null;
  readonly message: string | null;
  readonly result: unknown;
}

/** State of a flow; durations in milliseconds from receipt. */
export interface FlowState {
  readonly page: "present" | "gone" | "external";
  readonly handedOver: boolean;
  readonly expiresInMs: number | null;
  readonly pollAfterMs: number | null;
  readonly settlement: Settlement;
}

/** Reads the answer to `start`; `null` when a member is missing. */
export function readStarted(data: unknown, transactionId: string | null): Started | null {
  if (!isObject(data)) return null;
  const { startUrl, handle, nonce, leadFlowId } = data;
  const flowId = transactionId ?? leadFlowId;
  if (!isText(startUrl) || originOf(startUrl) === null || !isText(handle) || !isText(nonce) || !isText(flowId)) return null;
  return { flowId, startUrl, handle, nonce };
}

/** Reads a state answer; `null` when it makes no sense. */
export function readState(data: unknown): FlowState | null {
  if (!isObject(data) || !isObject(data["settlement"])) return null;
  const { outcome, code, message, result } = data["settlement"];
  if (outcome !== "pending" && outcome !== "resolve" && outcome !== "reject") return null;
  const page = data["page"];
  return {
    page: page === "gone" || page === "external" ? page : "present",
    handedOver: data["handedOver"] === true,
    expiresInMs: duration(data["expiresInMs"]),
    pollAfterMs: duration(data["pollAfterMs"]),
    settlement: {
      outcome,
      code: typeof code === "number" ? code : null,
      message: isText(message) ? message : null,
      result,
    },
  };
}

function duration(value: unknown): number | null {
  return typeof value === "number" && value >= 0 ? value : null;
}
