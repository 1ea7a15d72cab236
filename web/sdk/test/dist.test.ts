import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import { gzipSync } from "node:zlib";
import type tsModule from "typescript";
import type { ScDK, ScDKConstructor } from "../src/types.js";
import { VERSION } from "../src/version.js";
import { connected, GUEST, TRX } from "./fake-server.js";
import { refused } from "./setup.js";

declare const SDK_ROOT: string;
const ts = createRequire(join(SDK_ROOT, "package.json"))("typescript") as typeof tsModule;
const read = (name: string): string => readFileSync(join(SDK_ROOT, name), "utf8");
const script = read("dist/scdk.js");

/** Largest script that partners' pages should have to load. */
const MAX_GZIPPED = 8_000;

interface Page {
  readonly window: Record<string, unknown> & { scDK?: ScDKConstructor };
  readonly opened: unknown[][];
  readonly forms: Record<string, unknown>[];
  readonly requests: { url: string; init: RequestInit }[];
  dispatch(type: string, event: object): void;
}

/** A page with just the globals that a browser would have; `without` takes some away. */
function load(src = "https://torana.example/scdk/2.0.0/scdk.js", without: string[] = []): Page {
  const listeners = new Map<string, Set<(event: object) => void>>();
  const events = {
    addEventListener: (type: string, run: (event: object) => void) => {
      listeners.set(type, (listeners.get(type) ?? new Set()).add(run));
    },
    removeEventListener: (type: string, run: (event: object) => void) => listeners.get(type)?.delete(run),
  };
  const opened: unknown[][] = [];
  const forms: Record<string, unknown>[] = [];
  const requests: { url: string; init: RequestInit }[] = [];
  const element = (): Record<string, unknown> => {
    const made: Record<string, unknown> = { style: {}, children: [] as unknown[] };
    made["appendChild"] = (child: unknown) => (made["children"] as unknown[]).push(child);
    made["submit"] = () => forms.push(made);
    made["remove"] = () => undefined;
    return made;
  };
  const stored = new Map<string, string>();
  const globals: Record<string, unknown> = {
    ...events,
    document: { ...events, currentScript: src ? { src } : null, visibilityState: "visible", createElement: element, body: element() },
    location: { href: "https://shop.example/a?b=1#c", origin: "https://shop.example" },
    open: (...args: unknown[]) => {
      opened.push(args);
      return { closed: false, close: () => undefined, focus: () => undefined };
    },
    fetch: (url: string, init: RequestInit) => {
      requests.push({ url, init });
      const data = /init$/.test(url)
        ? { sdkSession: "ss_1", status: "GUEST", broker: null }
        : /start$/.test(url)
          ? { startUrl: "https://torana.example/flow/start", handle: "h_1", nonce: "n_1" }
          : { page: "present", settlement: { outcome: "resolve", code: null, message: null, result: connected() } };
      return Promise.resolve(new Response(JSON.stringify({ success: true, errors: null, data })));
    },
    sessionStorage: {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => stored.set(key, value),
      removeItem: (key: string) => stored.delete(key),
    },
    setTimeout: () => 0,
    clearTimeout: () => undefined,
    atob,
    performance,
    AbortController,
    console: { warn: () => undefined },
  };
  for (const name of without) delete globals[name];
  const context = vm.createContext(globals);
  vm.runInContext("var window = globalThis, self = globalThis, top = globalThis;", context);
  if (without.includes("Promise")) vm.runInContext("delete globalThis.Promise;", context);
  vm.runInContext(script, context);
  const dispatch = (type: string, event: object): void => listeners.get(type)?.forEach((run) => run(event));
  return { window: globals as Page["window"], opened, forms, requests, dispatch };
}

function construct(page: Page, config = {}): ScDK {
  const { scDK } = page.window;
  assert.ok(scDK);
  return new scDK({ gateway: "gatewaydemo", smallcaseAuthToken: GUEST, config });
}

test("size: at most 8 kB gzipped", () => {
  const size = gzipSync(script, { level: 9 }).length;
  assert.ok(size <= MAX_GZIPPED, `${size} bytes`);
});

test("the script's syntax is that of the oldest browsers, so that it loads without an error", () => {
  const modern = new Set<string>();
  const { SyntaxKind } = ts;
  const kinds = [
    SyntaxKind.ArrowFunction, SyntaxKind.ClassDeclaration, SyntaxKind.ClassExpression, SyntaxKind.TemplateExpression,
    SyntaxKind.NoSubstitutionTemplateLiteral, SyntaxKind.SpreadElement, SyntaxKind.SpreadAssignment,
    SyntaxKind.ForOfStatement, SyntaxKind.AwaitExpression, SyntaxKind.YieldExpression, SyntaxKind.ObjectBindingPattern,
    SyntaxKind.ArrayBindingPattern, SyntaxKind.ShorthandPropertyAssignment, SyntaxKind.ComputedPropertyName,
    SyntaxKind.QuestionQuestionToken, SyntaxKind.QuestionDotToken, SyntaxKind.BigIntLiteral, SyntaxKind.PrivateIdentifier,
    SyntaxKind.AsteriskAsteriskToken, SyntaxKind.MethodDeclaration,
  ];
  const visit = (node: tsModule.Node): void => {
    if (kinds.includes(node.kind)) modern.add(SyntaxKind[node.kind]);
    if (ts.isVariableDeclarationList(node) && node.flags & ts.NodeFlags.BlockScoped) modern.add("let or const");
    if (ts.isCatchClause(node) && !node.variableDeclaration) modern.add("catch without binding");
    if (ts.isParameter(node) && (node.initializer ?? node.dotDotDotToken)) modern.add("default or rest parameter");
    node.getChildren().forEach(visit);
  };
  const file = ts.createSourceFile("scdk.js", script, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  visit(file);
  assert.deepEqual([...modern], []);
  assert.ok(file.getChildren().length > 0);
});

test("the script defines scDK and no other global", () => {
  const names = (context: vm.Context): string[] =>
    vm.runInContext("Object.getOwnPropertyNames(globalThis)", context) as string[];
  const page = vm.createContext({});
  vm.runInContext("var window = globalThis;", page);
  const before = names(page);
  vm.runInContext(script, page);
  assert.equal(names(page).filter((name) => !before.includes(name)).join(), "scDK");
});

test("loading twice keeps the first definition", () => {
  const page = load();
  const first = page.window.scDK;
  vm.runInContext(script, page.window as vm.Context);
  assert.equal(page.window.scDK, first);
});

test("loading throws nowhere: no document, no address, nothing at all", () => {
  vm.runInContext(script, vm.createContext({}));
  for (const missing of [["document"], ["fetch"], ["performance"], ["sessionStorage"], ["console"], ["Promise"], ["AbortController"]]) {
    assert.equal(typeof load(undefined, missing).window.scDK, "function", missing.join());
  }
});

test("an old browser: every method reports no_compatible_browser", async () => {
  for (const missing of ["fetch", "performance", "addEventListener"]) {
    const gateway = construct(load(undefined, [missing]));
    const error = (await gateway.init({ smallcaseAuthToken: GUEST }).catch((e: unknown) => e)) as Error;
    assert.equal(error.message, "no_compatible_browser", missing);
  }
});

test("a browser without promises still gets told by then and by catch", () => {
  const gateway = construct(load(undefined, ["Promise"]));
  const messages: string[] = [];
  const note = (error: Error): number => messages.push(error.message);
  gateway.init({ smallcaseAuthToken: GUEST }).then(() => undefined, note);
  void gateway.triggerTransaction({ transactionId: TRX }).catch(note);
  assert.deepEqual(messages, ["no_compatible_browser", "no_compatible_browser"]);
});

test("a script without an address of its own needs config.host", async () => {
  const error = (await construct(load("")).init({ smallcaseAuthToken: GUEST }).catch((e: unknown) => e)) as Error;
  assert.equal(error.message, "init_sdk");
  const page = load("");
  await construct(page, { host: "https://other.example" }).init({ smallcaseAuthToken: GUEST });
  assert.equal(page.requests[0]?.url, "https://other.example/torana/sdk/v1/gatewaydemo/init");
});

test("the built script runs a transaction: window, form, message, result", async () => {
  const page = load();
  const trigger = construct(page).triggerTransaction({ transactionId: TRX });
  assert.deepEqual(page.opened, [["about:blank", "torana_gateway", "popup,width=480,height=720"]]);
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
  const [form] = page.forms;
  assert.equal(form?.["method"], "post");
  assert.equal(form["action"], "https://torana.example/flow/start");
  assert.equal(form["target"], "torana_gateway");
  const [field] = form["children"] as Record<string, unknown>[];
  assert.deepEqual([field?.["type"], field?.["name"], field?.["value"]], ["hidden", "handle", "h_1"]);
  const data = { source: "torana-gateway", version: 1, type: "flow.update", transactionId: TRX, nonce: "n_1" };
  page.dispatch("message", { origin: "https://torana.example", data });
  // The object was made in the page's realm, so its text is compared.
  assert.equal(JSON.stringify(await trigger), JSON.stringify(connected()));
  const [init, , state] = page.requests;
  assert.equal(init?.url, "https://torana.example/torana/sdk/v1/gatewaydemo/init");
  for (const { init: options } of page.requests) {
    assert.deepEqual([options.mode, options.credentials, options.cache], ["cors", "omit", "no-store"]);
  }
  const headers = state?.init.headers as Record<string, string>;
  assert.equal(headers["authorization"], "Bearer ss_1");
  assert.equal(headers["x-torana-sdk"], "web/" + VERSION);
});

test("errors of the built script are Errors of their own class and name", async () => {
  const page = load();
  const gateway = construct(page);
  const error: unknown = await gateway.triggerTransaction({ transactionId: "x" }).catch((e: unknown) => e);
  page.window["error"] = error;
  assert.equal(vm.runInContext("error instanceof Error && error.name", page.window as vm.Context), "ScGatewayError");
  assert.equal((error as { code: number }).code, 3002);
});

test("the ES module loads without a page and exports the class, the error and the table", async () => {
  const url = pathToFileURL(join(SDK_ROOT, "dist/scdk.mjs")).href;
  const module = (await import(url)) as Record<string, unknown>;
  assert.deepEqual(Object.keys(module).sort(), ["ERROR_MESSAGES", "ScGatewayError", "default", "scDK"]);
  assert.equal(module["default"], module["scDK"]);
  const scDK = module["scDK"] as ScDKConstructor;
  assert.equal(scDK.version, VERSION);
  const error = await refused(new scDK({ gateway: "g", smallcaseAuthToken: GUEST }).init({ smallcaseAuthToken: GUEST }), 3004, "init_sdk");
  assert.ok(error instanceof (module["ScGatewayError"] as new () => Error));
});

test("the declarations stand alone, are strict, and let a partner narrow results", () => {
  const consumer = `
    import scDK, { ERROR_MESSAGES, scDK as Named, ScGatewayError, type TransactionResult } from "./dist/scdk.js";
    const gateway = new scDK({ gateway: "g", smallcaseAuthToken: "t", config: { amo: true, flowMode: "popup" } });
    const same: InstanceType<typeof Named> = gateway;
    export async function run(): Promise<number> {
      try {
        const result: TransactionResult = await same.triggerTransaction({ transactionId: "TRX_0" });
        if (result.transaction === "FETCH_FUNDS") return result.funds + result.data.funds;
        if (result.transaction === "TRANSACTION") return result.orderBatches.length + result.data.batches.length;
        const token: string | undefined = result.smallcaseAuthToken ?? result.data.smallcaseAuthToken;
        return token ? 1 : 0;
      } catch (error) {
        if (error instanceof ScGatewayError) return error.message === ERROR_MESSAGES[3001] ? error.code : 0;
        const shape = error as ScGatewayError;
        return shape.data?.broker === "kite" ? 1 : 2;
      }
    }
    // @ts-expect-error the gateway is required
    new scDK({ smallcaseAuthToken: "t" });
    // @ts-expect-error no such mode
    new scDK({ gateway: "g", smallcaseAuthToken: "t", config: { flowMode: "iframe" } });
  `;
  const name = join(SDK_ROOT, "consumer.mts");
  const options: tsModule.CompilerOptions = {
    strict: true, exactOptionalPropertyTypes: true, noEmit: true, target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, lib: ["lib.es2022.d.ts"], types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => path === name || fileExists.call(host, path);
  host.getSourceFile = (path, ...rest) =>
    path === name ? ts.createSourceFile(path, consumer, ts.ScriptTarget.ES2022) : getSourceFile.call(host, path, ...rest);
  const program = ts.createProgram([name], options, host);
  const problems = ts.getPreEmitDiagnostics(program).map((d) => ts.flattenDiagnosticMessageText(d.messageText, "\n"));
  assert.deepEqual(problems, []);
});

test("one version everywhere, and no registry address in what is checked in", () => {
  assert.equal((JSON.parse(read("package.json")) as { version: string }).version, VERSION);
  assert.ok(script.includes(`"${VERSION}"`));
  assert.doesNotMatch(read("package-lock.json"), /https?:/);
});
