// What tests of AI agents begin with.

import { Design } from "./design.ts";
import { type Json, Person } from "./person.ts";
import { stack } from "./stack.ts";

/** An identifier of nothing. */
export const NOTHING = "0192aaaa-0000-7000-8000-0000000000ff";
/** Work needs a model server, which only stacks of ours know the address of. */
export const ignore = stack.agentPort === 0;

/** The registration of an agent of a model. */
export function registration(entityId: string, name: string, more: Json = {}): Json {
  return {
    featureType: "function-model",
    entityId,
    name,
    instructions: "Check invoices and answer briefly.",
    tools: { availableTools: ["knowledge-base-search", "workflow-execution"] },
    capabilities: {
      canRead: true,
      canExecute: true,
      canAnalyze: true,
      maxConcurrentTasks: 5,
      supportedDataTypes: ["json"],
      ...more.capabilities,
    },
    ...more.fields,
  };
}

/** Somebody with a model. */
export async function scene() {
  const ada = await Person.signUp("Ada");
  const design = await Design.begin(ada, `Served model ${crypto.randomUUID().slice(0, 8)}`);
  return { ada, design, entity: design.modelId };
}

/** Registers an agent. */
export async function agentOf(
  ada: Person,
  entity: string,
  name: string,
  more: Json = {},
): Promise<string> {
  const agent = await ada.expect(201, "POST", "/ai-agents", registration(entity, name, more));
  return agent.agentId;
}

/** A task for an agent, or for the best one. */
export function task(agentId: string | undefined, text: string, more: Json = {}): Json {
  return { taskType: "execution", task: text, parameters: {}, agentId, ...more };
}

/** Reads a task until it has ended. */
export async function taskEnded(ada: Person, taskId: string, seconds = 30): Promise<Json> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ada.call("GET", `/ai-agents/tasks/${taskId}`).catch(() => undefined);
    if (["completed", "failed"].includes(answer?.body?.status)) return answer?.body;
    if (Date.now() > deadline) throw new Error(`task not ended: ${JSON.stringify(answer?.body)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
