import { realBrowser } from "./browser.js";
import { ERROR_MESSAGES as messages } from "./error-table.js";
import { ScGatewayError as GatewayError } from "./errors.js";
import { defineScDK } from "./scdk.js";
import type { ScDKConstructor, ScGatewayErrorConstructor } from "./types.js";

export type * from "./types.js";

/** The SDK's class. Bundled into an application it needs `config.host`. */
export const scDK: ScDKConstructor = defineScDK(realBrowser, null);

/** What every method rejects with, for `instanceof`. */
export const ScGatewayError: ScGatewayErrorConstructor = GatewayError;

/** Message by error number, every one that the contract knows. */
export const ERROR_MESSAGES: Readonly<Record<number, string>> = messages;

export default scDK;
