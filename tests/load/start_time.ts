// Prints how long the module takes to compile and to instantiate, in milliseconds, as one line of JSON.

const folder = new URL("../../supabase/functions/_shared/wasm/", import.meta.url);
const bytes = await Deno.readFile(new URL("edge_bg.wasm", folder));
const glue = await import(new URL("edge.js", folder).href);
const begun = performance.now();
const module = new WebAssembly.Module(bytes);
const compiled = performance.now();
glue.initSync({ module });
const ready = performance.now();
console.log(JSON.stringify({
  compileMs: compiled - begun,
  instantiateMs: ready - compiled,
  readyMs: ready - begun,
}));
