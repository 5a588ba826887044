// Brings the WebAssembly module into memory, whichever way the functions were deployed.
//
// A bundle made on one's own machine carries the file itself (`static_files` in config.toml).
// A bundle made by the server carries only what is imported, so there the same bytes come
// as a source file, which is a third larger and has to be unpacked.

import init from "./wasm/edge.js";

/** Compiles and instantiates the module; needed once, before anything of it is used. */
export async function loadWasm(): Promise<void> {
  await init({ module_or_path: (await fromFile()) ?? (await fromSource()) });
}

async function fromFile(): Promise<BufferSource | undefined> {
  try {
    return await Deno.readFile(new URL("./wasm/edge_bg.wasm", import.meta.url));
  } catch {
    return undefined;
  }
}

/** The bytes out of the source file. */
export async function fromSource(): Promise<ArrayBuffer> {
  const { default: text } = await import("./wasm/edge_bytes.js");
  const zipped = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const bytes = new Blob([zipped]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(bytes).arrayBuffer();
}
