import type { Browser } from "./browser.js";
import { Code, sdkError } from "./errors.js";
import { Gateway } from "./gateway.js";
import { checkOptions, type OptionsCheck, sameOptions } from "./options.js";
import type { ScDK, ScDKConstructor } from "./types.js";
import { VERSION } from "./version.js";

/**
 * Makes the public class for one page. `scriptOrigin` is where the script was loaded from, the
 * default of `config.host`. The first instance is the only one: later constructions return it.
 */
export function defineScDK(browser: Browser, scriptOrigin: string | null): ScDKConstructor {
  let first: { readonly instance: ScDK; readonly check: OptionsCheck } | null = null;

  return class scDK {
    static readonly version = VERSION;
    init!: ScDK["init"];
    triggerTransaction!: ScDK["triggerTransaction"];
    triggerMfTransaction!: ScDK["triggerMfTransaction"];
    connect!: ScDK["connect"];
    resumeTransaction!: ScDK["resumeTransaction"];
    brokerLogout!: ScDK["brokerLogout"];
    markArchived!: ScDK["markArchived"];
    triggerLeadGen!: ScDK["triggerLeadGen"];
    openSmallplug!: ScDK["openSmallplug"];

    constructor(options: unknown) {
      const check = checked(options, scriptOrigin);
      if (first) {
        if (!sameOptions(first.check, check)) {
          browser.warn("a second new scDK() returns the first one; use init to change the user");
        }
        return first.instance;
      }
      const instance = this as ScDK;
      first = { instance, check };
      bindMethods(instance, caller(browser, check));
    }
  };
}

type Call = <T>(run: (gateway: Gateway) => Promise<T>) => Promise<T>;

/** Methods are own members that need no `this`, so that partners may pick them off. */
function bindMethods(instance: ScDK, call: Call): void {
  const trigger: ScDK["triggerTransaction"] = (argument) => call((g) => g.trigger(argument));
  instance.init = (argument) => call((g) => g.init(argument));
  instance.triggerTransaction = trigger;
  instance.triggerMfTransaction = trigger;
  instance.connect = trigger;
  instance.resumeTransaction = () => call((g) => g.resume());
  instance.brokerLogout = () => call((g) => g.logout());
  instance.markArchived = (argument) => call((g) => g.archive(argument));
  instance.triggerLeadGen = (details, options) => call((g) => g.lead(details, options));
  instance.openSmallplug = () => call((g) => g.smallplug());
}

/** What every method does first: are the options usable, can this browser do it at all. */
function caller(browser: Browser, check: OptionsCheck): Call {
  let gateway: Gateway | null = null;
  return (run) => {
    if (typeof Promise !== "function") return withoutPromises();
    if (!check.ok) {
      browser.warn(check.problem);
      return Promise.reject(sdkError(Code.InitSdk));
    }
    if (!browser.supported()) return Promise.reject(sdkError(Code.NoCompatibleBrowser));
    try {
      gateway ??= new Gateway(browser, check.options);
      return run(gateway);
    } catch {
      return Promise.reject(sdkError(Code.Internal));
    }
  };
}

function checked(options: unknown, scriptOrigin: string | null): OptionsCheck {
  try {
    return checkOptions(options, scriptOrigin);
  } catch {
    return { ok: false, problem: "the options of the constructor cannot be read" };
  }
}

/** The least that behaves like a rejected promise where the browser has none. */
function withoutPromises(): Promise<never> {
  const refuse = (rejected?: ((error: unknown) => unknown) | null): void => {
    rejected?.(sdkError(Code.NoCompatibleBrowser));
  };
  const thenable = {
    then: (_resolved?: unknown, rejected?: (error: unknown) => unknown) => refuse(rejected),
    catch: refuse,
  };
  return thenable as unknown as Promise<never>;
}
