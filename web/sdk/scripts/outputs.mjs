// The three files of dist/, made from src/ without touching the disk.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import ts from "typescript";

const root = fileURLToPath(new URL("..", import.meta.url));
const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
const banner = `/*! Torana web SDK ${version} | Apache-2.0 */\n`;

/** Returns `{ name: text }` of every file of dist/; equal sources give equal bytes. */
export async function outputs() {
  return {
    "scdk.js": banner + (await script()),
    "scdk.mjs": banner + (await bundle("src/index.ts", "es2020")),
    "scdk.d.ts": banner + (await declarations()),
  };
}

async function bundle(entry, target) {
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    target,
    charset: "ascii",
    legalComments: "none",
    logLevel: "error",
  });
  return result.outputFiles[0].text;
}

/**
 * The script for the tag. It must load without an error in every browser, also in one that will
 * only ever be told that it is too old, so its syntax is ES5: esbuild bundles, TypeScript lowers
 * (esbuild has no ES5 lowering), esbuild minifies.
 */
async function script() {
  const lowered = ts.transpileModule(await bundle("src/iife.ts", "esnext"), {
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES5,
      module: ts.ModuleKind.ES2015,
      ignoreDeprecations: "5.0",
      removeComments: true,
    },
  });
  if (lowered.diagnostics?.length) throw new Error(ts.formatDiagnostics(lowered.diagnostics, host()));
  const minified = await esbuild.transform(`(function(){${lowered.outputText}})()`, {
    target: "es5",
    minify: true,
    charset: "ascii",
    legalComments: "none",
  });
  return minified.code;
}

/** One declaration file: the public types, and the values that index.ts exports. */
async function declarations() {
  const parts = await Promise.all(
    ["types", "index"].map(async (name) => {
      const source = await readFile(new URL(`../src/${name}.ts`, import.meta.url), "utf8");
      const made = ts.transpileDeclaration(source, {
        fileName: `${name}.ts`,
        reportDiagnostics: true,
        compilerOptions: { isolatedDeclarations: true, target: ts.ScriptTarget.ES2022 },
      });
      if (made.diagnostics?.length) throw new Error(ts.formatDiagnostics(made.diagnostics, host()));
      return made.outputText.replace(/^(import|export type \*) .*\n/gm, "");
    }),
  );
  return parts.join("\n");
}

function host() {
  return {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => root,
    getNewLine: () => "\n",
  };
}
