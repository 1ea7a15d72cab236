import { mayAdopt } from "./adopt.js";
import { Api } from "./api.js";
import type { Browser } from "./browser.js";
import { Code, sdkError } from "./errors.js";
import { closedWhileEmpty, Flow, type FlowDeps } from "./flow.js";
import { isObject, isText, type Options } from "./options.js";
import { type Outcome, resolveWith, returnedUserJwt } from "./outcome.js";
import { Pending } from "./pending.js";
import { Session } from "./session.js";
import type { Started } from "./state.js";
import { openTarget, type Target } from "./target.js";
import { type Reply, Transport } from "./transport.js";
import type {
  InitResult,
  LeadResult,
  LogoutResult,
  MarkArchivedResult,
  SmallplugResult,
  TransactionResult,
} from "./types.js";

const TRANSACTION_ID = /^TRX_[0-9a-f]{32}$/;

/** One gateway on one page, with checked options: what the public class delegates to. */
export class Gateway {
  private readonly session: Session;
  private readonly api: Api;
  private readonly pending: Pending;
  private open: Flow | null = null;

  constructor(
    private readonly browser: Browser,
    private readonly options: Options,
  ) {
    const transport = new Transport(browser, options);
    this.pending = new Pending(browser, options.gateway);
    const stored = this.pending.read();
    this.session = new Session(transport, options, stored && stored.sdkSession, () => {
      const record = this.pending.read();
      if (record && this.open?.flowId === record.transactionId) this.keep(record.transactionId);
    });
    this.api = new Api(transport, this.session);
  }

  init(argument: unknown): Promise<InitResult> {
    const userJwt = userJwtOf(argument);
    if (userJwt === null) {
      this.browser.warn("init needs {smallcaseAuthToken}, or {userData} with a JWT in it");
      return refuse(Code.InvalidUserData);
    }
    return this.open ? refuse(Code.TransactionInProcess) : this.session.init(userJwt).then(valueOf);
  }

  trigger(argument: unknown): Promise<TransactionResult> {
    const { transactionId = null, brokers = null } = isObject(argument) ? argument : {};
    const { open } = this;
    if (open?.id && open.id === transactionId && open.windowGone()) {
      return this.show(open) as Promise<TransactionResult>;
    }
    if (open) return this.busy(open);
    if (!isText(transactionId) || !TRANSACTION_ID.test(transactionId)) {
      return refuse(Code.InvalidTransactionId);
    }
    const keys = Array.isArray(brokers) ? (brokers as unknown[]) : [];
    return this.show(this.transaction(transactionId, keys)) as Promise<TransactionResult>;
  }

  lead(details: unknown, given: unknown): Promise<LeadResult> {
    if (this.open) return this.busy(this.open);
    const { name, email, contact, pinCode } = isObject(details) ? details : {};
    const { utmParams, retargeting, showLoginCta } = isObject(given) ? given : {};
    const body = { name, email, contact, pinCode, utmParams, retargeting, showLoginCta };
    const flow = this.flow(null, "leads", body, () =>
      resolveWith({ leadId: null, status: "INITIALIZED" }),
    );
    return this.show(flow) as Promise<LeadResult>;
  }

  resume(): Promise<TransactionResult | LeadResult | null> {
    if (!this.open) {
      const record = this.pending.read();
      if (!record) return Promise.resolve(null);
      this.open = this.transaction(record.transactionId, []);
      this.open.resume();
    }
    return this.open.promise as Promise<TransactionResult | LeadResult>;
  }

  logout(): Promise<LogoutResult> {
    return this.api.post("logout", {}).then((reply) => {
      valueOf(reply);
      return { success: true };
    });
  }

  archive(argument: unknown): Promise<MarkArchivedResult> {
    const iscid = isObject(argument) ? argument["iscid"] : null;
    if (!isText(iscid)) {
      this.browser.warn("markArchived needs {iscid}, an investment of the connected user");
      return refuse(Code.InitSdk);
    }
    return this.api.post("markArchived", { iscid }).then((reply) => {
      const data = valueOf(reply);
      const orderBatches = isObject(data) ? data["orderBatches"] : null;
      if (!Array.isArray(orderBatches)) throw sdkError(Code.Internal);
      return { success: true, orderBatches: orderBatches as MarkArchivedResult["orderBatches"] };
    });
  }

  smallplug(): Promise<SmallplugResult> {
    this.browser.warn("the discovery module is not part of this version of Torana");
    return refuse(Code.Internal);
  }

  private busy(open: Flow): Promise<never> {
    open.focus();
    return refuse(Code.TransactionInProcess, open.id);
  }

  private show(flow: Flow): Promise<unknown> {
    const target = openTarget(this.browser, this.options.flowMode);
    if (!target) return refuse(Code.NoCompatibleBrowser, flow.id);
    this.open = flow;
    flow.show(target);
    return flow.promise;
  }

  private transaction(id: string, brokers: readonly unknown[]): Flow {
    // What is no key stays in the list: an empty list would mean all brokers.
    const body = { brokers: brokers.map((key) => (isText(key) ? key : "")), amo: this.options.amo };
    return this.flow(id, `transactions/${id}/start`, body, () => closedWhileEmpty(id));
  }

  private flow(id: string | null, path: string, body: object, neverShown: () => Outcome): Flow {
    const deps: FlowDeps = {
      browser: this.browser,
      start: (kind) => this.start(id, path, body, kind),
      state: (flowId, closed) => this.api.state(flowId, closed),
      started: (flowId) => this.keep(flowId),
      settled: (outcome, flowId) => {
        this.open = null;
        if (flowId !== null) this.pending.forget(flowId);
        const userJwt = returnedUserJwt(outcome);
        if (userJwt !== null && mayAdopt(this.session.userJwt, userJwt)) this.session.adopt(userJwt);
      },
      neverShown,
    };
    return new Flow(deps, id);
  }

  private start(
    id: string | null,
    path: string,
    body: object,
    kind: Target["kind"],
  ): Promise<Reply<Started>> {
    const returnUrl = kind === "redirect" ? this.browser.pageUrl() : null;
    return this.api.start(path, Object.assign({ flowMode: kind, returnUrl }, body), id);
  }

  private keep(flowId: string): void {
    if (this.session.id !== null) this.pending.write(flowId, this.session.id);
  }
}

function refuse(code: Code, transactionId: string | null = null): Promise<never> {
  return Promise.reject(sdkError(code, { transactionId }));
}

function valueOf<T>(reply: Reply<T>): T {
  if (reply.ok) return reply.data;
  throw reply.failure.error;
}

/** The user JWT in either form of the argument of `init`, or `null`. */
function userJwtOf(argument: unknown): string | null {
  if (!isObject(argument)) return null;
  const { smallcaseAuthToken, userData } = argument;
  if (typeof smallcaseAuthToken === "string") return smallcaseAuthToken;
  if (smallcaseAuthToken !== undefined) return null;
  if (isText(userData)) return userData;
  const inner = isObject(userData) ? userData["smallcaseAuthToken"] : null;
  return isText(inner) ? inner : null;
}
