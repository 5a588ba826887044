// The background worker: drives executions that no request is driving any more.
// Woken by the database's schedule; who may wake it and what it does is decided in the
// WebAssembly module (crates/edge), the same one that the API runs.

import { Module } from "../_shared/module.ts";

const module = await Module.load();

Deno.serve((request) => module.handle(request));
