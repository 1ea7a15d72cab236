// The text of dist/flow.js, made from src/ without touching the disk; equal sources give equal bytes.
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
export const distFile = new URL("../dist/flow.js", import.meta.url);

export async function bundle() {
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: ["src/flow.ts"],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2020",
    charset: "ascii",
    legalComments: "none",
    logLevel: "error",
    banner: { js: "/*! Torana hosted pages | Apache-2.0 */" },
  });
  return result.outputFiles[0].text;
}
