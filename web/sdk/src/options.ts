import type { FlowMode } from "./types.js";

/** Constructor options after checking. */
export interface Options {
  readonly gateway: string;
  /** User JWT as given; the server judges it. */
  readonly userJwt: string;
  readonly amo: boolean;
  readonly leprechaunEnabled: boolean;
  /** Origin of the Torana server, without a slash at the end. */
  readonly host: string;
  readonly flowMode: FlowMode;
}

/** Usable options, or one sentence for the developer about the first unusable one. */
export type OptionsCheck =
  | { readonly ok: true; readonly options: Options }
  | { readonly ok: false; readonly problem: string };

const FLOW_MODES: readonly unknown[] = ["auto", "popup", "redirect"];
const HOST = /^(https:\/\/[^\s/?#@]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)\/?$/i;

/** Checks what the constructor was given. Never throws, whatever it is. */
export function checkOptions(given: unknown, scriptOrigin: string | null): OptionsCheck {
  if (!isObject(given)) return bad("the constructor needs {gateway, smallcaseAuthToken}");
  const { gateway, smallcaseAuthToken: userJwt } = given;
  if (!isText(gateway)) return bad("gateway must be the name of your gateway, a string");
  if (!isText(userJwt)) return bad("smallcaseAuthToken must be a JWT made by your server, a string");
  const config = given["config"] ?? {};
  if (!isObject(config)) return bad("config must be an object");
  const { amo = false, leprechaunEnabled = false, host = null, flowMode = "auto" } = config;
  if (!isFlag(amo)) return bad("config.amo must be true or false");
  if (!isFlag(leprechaunEnabled)) return bad("config.leprechaunEnabled must be true or false");
  if (flowMode !== null && FLOW_MODES.indexOf(flowMode) < 0) {
    return bad("config.flowMode must be auto, popup or redirect");
  }
  if (host !== null && !(isText(host) && HOST.test(host))) {
    return bad("config.host must be an https origin such as https://torana.example.org");
  }
  const origin = host === null ? scriptOrigin : (host as string).replace(/\/$/, "").toLowerCase();
  if (origin === null) {
    return bad("config.host is needed, because the script was not loaded from a Torana server");
  }
  return {
    ok: true,
    options: {
      gateway,
      userJwt,
      amo: amo === true,
      leprechaunEnabled: leprechaunEnabled === true,
      host: origin,
      flowMode: (flowMode as FlowMode | null) ?? "auto",
    },
  };
}

/** Whether two checked constructor arguments mean the same instance. */
export function sameOptions(a: OptionsCheck, b: OptionsCheck): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Scheme, host and port of an absolute http(s) address, or `null`. */
export function originOf(url: string): string | null {
  return /^https?:\/\/[^\s/?#@\\]+/i.exec(url)?.[0].toLowerCase() ?? null;
}

/** Whether a value is an object whose members may be read. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is a string with something in it. */
export function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isFlag(value: unknown): boolean {
  return value === null || typeof value === "boolean";
}

function bad(problem: string): OptionsCheck {
  return { ok: false, problem };
}
