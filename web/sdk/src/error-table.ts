import { OWN_MESSAGES } from "./errors.js";

/**
 * Message of every numbered error of the contract, also of those that only a server or another
 * platform sends. An error with a number that is not here is passed on all the same.
 */
export const ERROR_MESSAGES: Readonly<Record<number, string>> = {
  ...OWN_MESSAGES,
  30: "internal_error",
  60: "internal_error",
  1001: "user_mismatch",
  1002: "user_cancelled",
  1003: "consent_denied",
  1004: "insufficient_holdings",
  1005: "transaction_expired",
  1006: "no_broker",
  1007: "no_broker",
  1008: "no_broker",
  1011: "user_cancelled",
  1012: "user_cancelled",
  1013: "user_consent_denied",
  2001: "holdings_import_error",
  3000: "intent_not_enabled_for_broker",
  3001: "transaction_expired",
  4000: "already_subscribed",
  4001: "CHECK_VIOLATED",
  4003: "timed_out",
  4004: "market_closed",
  4005: "market_closed",
  7101: "invalid_elementorselector",
  7104: "trading_not_enabled",
  7105: "no_order",
  7106: "smallcase_archived",
  7107: "webhook_unreachable",
  7108: "order_in_queue",
};
