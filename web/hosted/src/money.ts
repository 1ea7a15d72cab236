// Amounts as integers. Prices are in 1/10,000 rupee, amounts in paise, as on the server; no binary fractions.

const PRICE_SCALE = 10_000n;
const PRICE_PER_PAISA = 100n;

/** Reads a typed price (`1503.50`, with or without grouping commas and ₹) into 1/10,000 rupee. */
export function parsePrice(text: string): bigint | null {
  const match = /^(\d{1,9})(?:\.(\d{0,4}))?$/.exec(text.replace(/[₹,\s]/g, ""));
  if (!match) return null;
  const price = BigInt(match[1]!) * PRICE_SCALE + BigInt((match[2] ?? "").padEnd(4, "0"));
  return price > 0n ? price : null;
}

/** Reads a typed whole number of shares, 1 to 10,000,000. */
export function parseShares(text: string): bigint | null {
  const digits = text.replace(/[,\s]/g, "");
  if (!/^\d{1,8}$/.test(digits)) return null;
  const shares = BigInt(digits);
  return shares >= 1n && shares <= 10_000_000n ? shares : null;
}

/** Price × shares in paise, half to even like the server. */
export function valueOf(price: bigint, shares: bigint): bigint {
  const value = price * shares;
  const paise = value / PRICE_PER_PAISA;
  const twice = (value % PRICE_PER_PAISA) * 2n;
  const roundsUp = twice > PRICE_PER_PAISA || (twice === PRICE_PER_PAISA && paise % 2n === 1n);
  return roundsUp ? paise + 1n : paise;
}

function group(digits: string): string {
  const head = digits.slice(0, -3);
  const tail = digits.slice(-3);
  return head === "" ? tail : `${head.replace(/\B(?=(\d{2})+(?!\d))/g, ",")},${tail}`;
}

/** `₹1,23,456.50`. */
export function formatRupees(paise: bigint): string {
  return `₹${group(String(paise / 100n))}.${String(paise % 100n).padStart(2, "0")}`;
}

/** A price with two decimals, four where it has them. */
export function formatPrice(price: bigint): string {
  const fraction = price % PRICE_SCALE;
  const decimals =
    fraction % PRICE_PER_PAISA === 0n
      ? String(fraction / PRICE_PER_PAISA).padStart(2, "0")
      : String(fraction).padStart(4, "0");
  return `₹${group(String(price / PRICE_SCALE))}.${decimals}`;
}
