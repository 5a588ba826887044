import { seen } from "../_shared/seen.ts";

Deno.serve(async (request) => {
  const url = new URL(request.url);
  EdgeRuntime.waitUntil(Promise.resolve().then(() => seen.push(url.pathname)));
  return Response.json({
    method: request.method,
    path: url.pathname + url.search,
    length: (await request.arrayBuffer()).byteLength,
    key: request.headers.get("sb-api-key"),
    host: request.headers.get("x-forwarded-host"),
    slug: Deno.env.get("SUPABASE_FUNCTION_SLUG"),
    extra: Deno.env.get("EXTRA"),
    seen,
  });
});
