// The API. Everything it answers is decided in the WebAssembly module (crates/edge);
// this shell only hands over requests, and `_shared/` the platform.

import { Module } from "../_shared/module.ts";

const module = await Module.load();

Deno.serve((request) => module.handle(request));
