import { Code } from "./errors.js";
import type { Session } from "./session.js";
import { type FlowState, readStarted, readState, type Started } from "./state.js";
import { local, type Reply, type Transport } from "./transport.js";

/** The routes of the SDK protocol that need a session. Renews an expired one and asks again. */
export class Api {
  constructor(
    private readonly transport: Transport,
    private readonly session: Session,
  ) {}

  /** A call on behalf of the wanted user. */
  post(path: string, body: unknown): Promise<Reply<unknown>> {
    return this.session.ensure().then((ready) => (ready.ok ? this.send(path, body) : ready));
  }

  /** Starts or re-attaches a flow. `transactionId` is `null` for a lead, which gets its own id. */
  start(path: string, body: unknown, transactionId: string | null): Promise<Reply<Started>> {
    return this.post(path, body).then((reply) =>
      reply.ok ? checked(readStarted(reply.data, transactionId)) : reply,
    );
  }

  /** Reads the state of a flow, or with `closed` reports its window as closed. */
  state(flowId: string, closed: boolean): Promise<Reply<FlowState>> {
    const path = "transactions/" + encodeURIComponent(flowId) + (closed ? "/closed" : "/state");
    return this.send(path, closed ? {} : null).then((reply) =>
      reply.ok ? checked(readState(reply.data)) : reply,
    );
  }

  private send(path: string, body: unknown): Promise<Reply<unknown>> {
    const used = this.session.id;
    return this.transport.send(path, body, used).then((reply) => {
      if (reply.ok || !reply.failure.sessionExpired) return reply;
      return this.session
        .renew(used)
        .then((ready) => (ready.ok ? this.transport.send(path, body, this.session.id) : ready));
    });
  }
}

function checked<T>(data: T | null): Reply<T> {
  return data === null ? local(Code.Internal) : { ok: true, data };
}
