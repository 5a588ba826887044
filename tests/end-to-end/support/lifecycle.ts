// Models in the states that versions, archiving and deletion are about.

import { Design } from "./design.ts";
import type { OrderService } from "./order_service.ts";
import type { Person } from "./person.ts";
import { stack } from "./stack.ts";

const READS = { kbReferenceId: "handbook", shortDescription: "The handbook" };

/** A model that can be published: input, a stage with one action, output. */
export async function sound(
  person: Person,
  name: string,
  organizationId?: string,
): Promise<Design> {
  const { design, stage } = await Design.small(person, name, organizationId);
  await design.action(stage, "Read", "kbNode", READS);
  return design;
}

/** A model that nests another one. */
export async function nesting(
  person: Person,
  name: string,
  inner: Design,
  organizationId?: string,
): Promise<Design> {
  const { design, stage } = await Design.small(person, name, organizationId);
  await design.action(stage, "Run it", "functionModelContainer", { nestedModelId: inner.modelId });
  return design;
}

/** A published model with a run that waits for a slow service. */
export async function busy(person: Person, name: string, service: OrderService) {
  const { design, stage } = await Design.small(person, name);
  await design.tether(stage, "Wait", service.url("slow", "wait", 20_000));
  await design.publish("1.1.0");
  const { executionId } = await design.start({ order: "F-1" });
  await service.waitFor("wait");
  return { design, executionId };
}

/** A link from one model to another; answers its id. */
export async function linked(
  person: Person,
  from: Design,
  to: Design,
  linkType: string,
): Promise<string> {
  const link = await person.expect(201, "POST", "/node-links", {
    sourceFeature: "function-model",
    targetFeature: "function-model",
    sourceEntityId: from.modelId,
    targetEntityId: to.modelId,
    linkType,
  });
  return link.linkId;
}

/** Asks as the service does: with the secret key and for nobody. */
export async function asService(method: string, path: string, body?: unknown) {
  const response = await fetch(`${stack.url}/functions/v1/api${path}`, {
    method,
    headers: { apikey: stack.secretKey, "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? undefined : JSON.parse(text),
  };
}
