// The company's systems alone, until Ctrl-C: for runs that a person starts after the story.

import { startService } from "./services.ts";

startService(Number(Deno.env.get("DEMO_SERVICE_PORT")));
