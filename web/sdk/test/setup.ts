import assert from "node:assert/strict";
import { defineScDK } from "../src/scdk.js";
import type { ScDK, ScDKConfig, ScDKConstructor, ScGatewayError } from "../src/types.js";
import { FakeBrowser } from "./fake-browser.js";
import { FakeServer, GUEST, HOST } from "./fake-server.js";

export interface Page {
  readonly browser: FakeBrowser;
  readonly server: FakeServer;
  readonly scDK: ScDKConstructor;
  readonly gateway: ScDK;
}

/** A partner page that loaded the script and constructed the gateway. */
export function page(config: ScDKConfig = {}, browser = new FakeBrowser(), token = GUEST): Page {
  const server = new FakeServer(browser);
  const scDK = defineScDK(browser, HOST);
  const gateway = new scDK({ gateway: "gatewaydemo", smallcaseAuthToken: token, config });
  return { browser, server, scDK, gateway };
}

/** What became of a promise so far. */
export interface Watched<T> {
  state: "pending" | "resolved" | "rejected";
  value: T | undefined;
  error: ScGatewayError | undefined;
}

export function watch<T>(promise: Promise<T>): Watched<T> {
  const watched: Watched<T> = { state: "pending", value: undefined, error: undefined };
  promise.then(
    (value) => {
      watched.state = "resolved";
      watched.value = value;
    },
    (error: unknown) => {
      watched.state = "rejected";
      watched.error = error as ScGatewayError;
    },
  );
  return watched;
}

/** Lets the clock of the page run until what is due at once has happened. */
export async function driven<T>(browser: FakeBrowser, promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  await browser.advance(100);
  return promise;
}

/** Awaits a rejection and checks that it is an error of the contract. */
export async function refused(promise: Promise<unknown>, code: number, message: string): Promise<ScGatewayError> {
  const error: unknown = await promise.then(
    () => assert.fail("resolved"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Error);
  const { name } = error;
  assert.deepEqual({ name, code: (error as ScGatewayError).code, message: error.message }, { name: "ScGatewayError", code, message });
  return error as ScGatewayError;
}

/** Checks a watched promise that has been rejected by now. */
export function assertRejected(watched: Watched<unknown>, code: number, message: string): ScGatewayError {
  assert.equal(watched.state, "rejected");
  assert.equal(watched.error?.message, message);
  assert.equal(watched.error.code, code);
  assert.equal(watched.error.name, "ScGatewayError");
  return watched.error;
}
