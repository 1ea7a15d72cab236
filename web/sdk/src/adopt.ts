import { isObject, isText } from "./options.js";

/**
 * Whether the SDK may go on under a user JWT that a flow returned. A guest may become anybody,
 * a connected user only gets a fresh JWT for the same id: who the user is stays the partner's
 * decision. The payload is read, not trusted; the server checks every JWT.
 */
export function mayAdopt(present: string, returned: string): boolean {
  const id = connectedId(present);
  return id === null || id === connectedId(returned);
}

function connectedId(userJwt: string): string | null {
  try {
    const payload = (userJwt.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const claims = JSON.parse(atob(payload)) as unknown;
    const id = isObject(claims) ? claims["smallcaseAuthId"] : null;
    return isText(id) ? id : null;
  } catch {
    return null;
  }
}
