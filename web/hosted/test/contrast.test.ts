// The colours of the stylesheet against each other: WCAG AA asks for 4.5 for text and 3 for edges of inputs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const css = readFileSync("../../crates/ui/assets/flow.css", "utf8");
const sets = css.split("prefers-color-scheme: dark");

function colours(text: string): Map<string, string> {
  return new Map([...text.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1]!, match[2]!]));
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const TEXT = [
  ["ink", "card"], ["ink", "sunk"], ["ink", "accent-tint"], ["ink", "page"], ["soft", "card"], ["soft", "sunk"],
  ["soft", "accent-tint"], ["soft", "page"], ["accent", "card"], ["accent-strong", "card"], ["accent", "accent-tint"],
  ["accent-ink", "accent"], ["accent-ink", "accent-strong"], ["good", "card"], ["good", "sunk"], ["good", "good-tint"],
  ["warn", "card"], ["warn", "warn-tint"], ["bad", "card"], ["bad", "sunk"], ["bad", "bad-tint"], ["buy", "buy-tint"],
  ["sell", "sell-tint"],
] as const;

test("both colour sets are readable", () => {
  assert.equal(sets.length, 2);
  for (const [name, set] of [["light", colours(sets[0]!)], ["dark", colours(sets[1]!)]] as const) {
    assert.ok(set.size > 20, name);
    for (const [text, ground] of TEXT) {
      const ratio = contrast(set.get(text)!, set.get(ground)!);
      assert.ok(ratio >= 4.5, `${name}: ${text} on ${ground} is ${ratio.toFixed(2)}`);
    }
    const edge = contrast(set.get("edge")!, set.get("card")!);
    assert.ok(edge >= 3, `${name}: edges of inputs have ${edge.toFixed(2)}`);
  }
});

test("initials are readable on every mark", () => {
  const marks = [...css.matchAll(/\.mark-(\d) \{ background: (#[0-9a-f]{6}); \}/g)];
  assert.equal(marks.length, 8);
  for (const [, number, colour] of marks) {
    const ratio = contrast("#ffffff", colour!);
    assert.ok(ratio >= 4.5, `mark-${number} has ${ratio.toFixed(2)}`);
  }
});
