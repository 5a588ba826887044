// The log of events: following it, and asking it.

import assert from "node:assert/strict";

import { createClient, type SupabaseClient } from "@supabase/supabase-js";

import { all, Design } from "./support/design.ts";
import { checkRefusal, type Json, type Method, Person } from "./support/person.ts";
import { stack } from "./support/stack.ts";

const NOTHING = "0192aaaa-0000-7000-8000-0000000000ff";

/** A part of the product that follows the log, with the secret key. */
class Follower {
  readonly #client: SupabaseClient = createClient(stack.url, stack.secretKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  readonly path: string;

  constructor(readonly name = `follower-${crypto.randomUUID().slice(0, 8)}`) {
    this.path = `/event-subscriptions/${name}`;
  }

  async call(method: Method, path: string, body?: Json) {
    const { data, response } = await this.#client.functions.invoke(`api${path}`, { method, body });
    assert.ok(response, `${method} ${path} was not answered`);
    const { status, headers } = response;
    if (response.ok) return { status, headers, body: data };
    return { status, headers, body: await response.json() };
  }

  async expect(status: number, method: Method, path: string, body?: Json): Promise<Json> {
    const answer = await this.call(method, path, body);
    assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async refused(status: number, code: string, method: Method, path: string, body?: Json) {
    checkRefusal(await this.call(method, path, body), status, code);
  }

  save(settings: Json = {}): Promise<Json> {
    return this.expect(200, "PUT", this.path, settings);
  }

  fetch(more: Json = {}): Promise<Json> {
    return this.expect(200, "POST", `${this.path}/fetch`, { limit: 1000, ...more });
  }

  settle(batch: Json, failures: Json[] = []): Promise<Json> {
    return this.expect(200, "POST", `${this.path}/settle`, { batch: batch.batch, failures });
  }

  /** Takes batches, failing what `fails` says, until `enough` of what was handed out about this thing. */
  async consume(
    about: string,
    enough: (events: Json[]) => boolean,
    fails: (event: Json) => boolean = () => false,
  ): Promise<Json[]> {
    const seen: Json[] = [];
    for (let tries = 0; tries < 200; tries++) {
      const batch = await this.fetch();
      const own = batch.events.filter((event: Json) => event.subject === about);
      seen.push(...own);
      const failures = own.filter(fails)
        .map((event: Json) => ({ eventId: event.id, error: "no route" }));
      await this.settle(batch, failures);
      if (enough(seen)) return seen;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`not enough was handed out: ${JSON.stringify(seen)}`);
  }
}

/** `FunctionModelUpdated 3` for each. */
const named = (events: Json[]) => events.map((event) => `${event.type} ${event.aggregateversion}`);

Deno.test("the log is followed in batches that are settled", async (t) => {
  const ada = await Person.signUp("Ada");
  const follower = new Follower();
  const made = await follower.save({ aggregateTypes: ["function-model"], maxAttempts: 2 });
  assert.deepEqual([made.name, made.setAside, made.deadLetters], [follower.name, 0, 0]);
  const before = await Design.begin(ada, "Followed");
  await ada.expect(200, "PATCH", before.path, { description: "first" });
  await ada.expect(200, "PATCH", before.path, { description: "second" });

  await t.step("as CloudEvents, in order", async () => {
    const events = await follower.consume(before.modelId, (seen) => seen.length >= 3);
    assert.deepEqual(named(events), [
      "FunctionModelCreated 1",
      "FunctionModelUpdated 2",
      "FunctionModelUpdated 3",
    ]);
    const { items } = await ada.expect(200, "GET", `${before.path}/events`);
    const [event, stored] = [events[0], items[0]];
    assert.deepEqual(event, {
      specversion: "1.0",
      id: stored.eventId,
      source: "/events/function-model",
      type: "FunctionModelCreated",
      subject: before.modelId,
      time: stored.occurredAt,
      datacontenttype: "application/json",
      sequence: String(stored.position).padStart(20, "0"),
      aggregateversion: 1,
      eventversion: stored.eventVersion,
      actorid: ada.id,
      correlationid: stored.correlationId,
      ...(stored.traceparent && { traceparent: stored.traceparent }),
      attempt: 1,
      data: stored.data,
    });
  });

  await t.step("what is not settled comes again, to one consumer at a time", async () => {
    await ada.expect(200, "PATCH", before.path, { description: "third" });
    let lost = await follower.fetch({ leaseSeconds: 1 });
    while (!lost.events.some((event: Json) => event.subject === before.modelId)) {
      lost = await follower.fetch({ leaseSeconds: 1, batch: lost.batch });
    }
    await follower.refused(409, "BATCH_IN_PROGRESS", "POST", `${follower.path}/fetch`, {});
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const again = await follower.fetch();
    assert.deepEqual(again.events.slice(0, lost.events.length), lost.events);
    await follower.refused(409, "BATCH_NOT_OPEN", "POST", `${follower.path}/settle`, {
      batch: lost.batch,
    });
    await follower.settle(again);
  });

  await t.step("a failure holds up its own thing alone, and is parked in the end", async () => {
    const other = await Design.begin(ada, "Goes on");
    const bad = await Design.begin(ada, "Fails");
    await ada.expect(200, "PATCH", bad.path, { description: "waits" });
    const isFirst = (event: Json) => event.subject === bad.modelId && event.aggregateversion === 1;
    await ada.expect(200, "PATCH", other.path, { description: "meanwhile" });
    // The first of two attempts fails, then the second after its pause; what came after a failure comes again.
    const tries = (seen: Json[]) =>
      seen.map((event) => `${event.aggregateversion}/${event.attempt}`).join(" ");
    const seen = await follower.consume(
      bad.modelId,
      (seen) => tries(seen).endsWith("1/2 2/1 2/1"),
      isFirst,
    );
    assert.match(tries(seen), /^1\/1 (2\/1 )?1\/2 2\/1 2\/1$/);
    const state = await follower.expect(200, "GET", follower.path);
    assert.equal(state.deadLetters, 1);
    const page = await follower.expect(200, "GET", `${follower.path}/dead-letters?count=exact`);
    assert.equal(page.total, 1);
    const [letter] = page.items;
    assert.deepEqual([letter.error, letter.attempts], ["no route", 2]);
    assert.deepEqual(named([letter.event]), ["FunctionModelCreated 1"]);

    await follower.expect(204, "POST", `${follower.path}/dead-letters/${letter.event.id}/replay`);
    const again = await follower.consume(bad.modelId, (seen) => seen.length >= 1, isFirst);
    assert.deepEqual(named(again), ["FunctionModelCreated 1"]);
    await follower.consume(
      bad.modelId,
      (seen) => seen.some((event) => event.attempt === 2),
      isFirst,
    );
    await follower.expect(204, "DELETE", `${follower.path}/dead-letters/${letter.event.id}`);
    assert.equal((await follower.expect(200, "GET", follower.path)).deadLetters, 0);
  });

  await t.step("it is moved to a time or a place, and begins there", async () => {
    const { items } = await ada.expect(200, "GET", `${before.path}/events`);
    const enough = (seen: Json[]) => seen.length >= items.length;
    await follower.save({ from: items[0].occurredAt });
    const fromTime = await follower.consume(before.modelId, enough);
    assert.deepEqual(fromTime.map((event) => event.id), items.map((item: Json) => item.eventId));
    const afterPosition = items[0].position;
    await follower.save({ afterPosition, eventTypes: ["FunctionModelUpdated"] });
    const rest = await follower.consume(before.modelId, (seen) => seen.length >= items.length - 1);
    assert.deepEqual(
      rest.map((event) => event.id),
      items.slice(1).map((item: Json) => item.eventId),
    );
  });

  await t.step("and is listed, and removed", async () => {
    const { items } = await follower.expect(200, "GET", "/event-subscriptions");
    assert.ok(items.some((one: Json) => one.name === follower.name));
    await follower.expect(204, "DELETE", follower.path);
    await follower.refused(404, "SUBSCRIPTION_NOT_FOUND", "GET", follower.path);
  });
});

Deno.test("following the log is refused by name", async () => {
  const follower = new Follower();
  const { path } = follower;
  const ada = await Person.signUp("Ada");
  await ada.refused(403, "FORBIDDEN", "GET", path);
  await ada.refused(403, "FORBIDDEN", "PUT", path, { body: {} });
  await ada.refused(403, "FORBIDDEN", "POST", `${path}/fetch`, { body: {} });
  await follower.refused(404, "SUBSCRIPTION_NOT_FOUND", "POST", `${path}/fetch`, {});
  await follower.refused(404, "SUBSCRIPTION_NOT_FOUND", "DELETE", path);
  await follower.refused(422, "SUBSCRIPTION_INVALID", "PUT", path, { maxAttempts: 0 });
  await follower.refused(422, "SUBSCRIPTION_INVALID", "PUT", "/event-subscriptions/-a", {});
  await follower.refused(400, "INVALID_REQUEST", "PUT", path, { tries: 1 });
  await follower.save();
  await follower.refused(409, "BATCH_NOT_OPEN", "POST", `${path}/settle`, { batch: 1 });
  const letter = `${path}/dead-letters/${NOTHING}`;
  await follower.refused(404, "DEAD_LETTER_NOT_FOUND", "DELETE", letter);
  await follower.refused(404, "DEAD_LETTER_NOT_FOUND", "POST", `${letter}/replay`);
  await follower.expect(204, "DELETE", path);
});

Deno.test("old events are migrated by the service, and by known steps alone", async () => {
  const [method, path] = ["POST", "/events/migrate"] as const;
  const service = new Follower();
  const body = { eventType: "FunctionModelCreated", fromVersion: 1, toVersion: 2 };
  const ada = await Person.signUp("Ada");
  await ada.refused(403, "FORBIDDEN", method, path, { body });
  // Every type of this product has its first shape.
  const unknown = await service.call(method, path, body);
  checkRefusal(unknown, 422, "EVENT_STEP_UNKNOWN");
  assert.equal(unknown.body.errors[0].limit, 1);
  for (const other of [{ eventType: "NobodyKnows" }, { toVersion: 1 }, { fromVersion: 2 }]) {
    await service.refused(422, "EVENT_STEP_UNKNOWN", method, path, { ...body, ...other });
  }
  await service.refused(400, "INVALID_REQUEST", method, path, { ...body, limit: 10_001 });
  await service.refused(400, "INVALID_REQUEST", method, path, { ...body, dryRun: true });
});

Deno.test("the log answers by thing, by type, from a time and from a place, in pages", async () => {
  const ada = await Person.signUp("Ada");
  const { organizationId } = await ada.expect(201, "POST", "/organizations", { name: "Ada & Co" });
  const design = await Design.begin(ada, "Asked about", organizationId);
  await design.input();
  await ada.expect(200, "PATCH", design.path, { description: "first" });
  const types = (events: Json[]) => events.map((event) => event.eventType);
  const whole = await all(ada, "/events");
  assert.deepEqual(types(whole), [
    "OrganizationCreated",
    "FunctionModelCreated",
    "ContainerNodeAdded",
    "FunctionModelUpdated",
  ]);
  const [, created, added, updated] = whole;
  const ask = async (query: string) => types(await all(ada, `/events?${query}`));
  assert.deepEqual(await ask(`aggregateId=${design.modelId}`), types(whole.slice(1)));
  assert.deepEqual(await ask("aggregateType=organization"), ["OrganizationCreated"]);
  assert.deepEqual(await ask("eventType=ContainerNodeAdded"), ["ContainerNodeAdded"]);
  assert.deepEqual(await ask(`from=${added.occurredAt}`), types([added, updated]));
  assert.deepEqual(await ask(`afterPosition=${created.position}`), types([added, updated]));
  const first = await ada.expect(200, "GET", "/events?limit=3");
  const rest = await ada.expect(200, "GET", `/events?limit=3&cursor=${first.nextCursor}`);
  assert.deepEqual([...first.items, ...rest.items], whole);
  assert.equal(rest.nextCursor, undefined);
  const stream = await ada.expect(200, "GET", `${design.path}/events?limit=2`);
  const later = await ada.expect(
    200,
    "GET",
    `${design.path}/events?limit=2&cursor=${stream.nextCursor}`,
  );
  assert.deepEqual([...stream.items, ...later.items], whole.slice(1));
});

Deno.test("the schema of every event is public", async () => {
  const url = `${stack.url}/functions/v1/api/schemas/events`;
  const response = await fetch(url, { headers: { apikey: stack.publishableKey } });
  assert.equal(response.status, 200);
  const { items } = await response.json();
  const ada = await Person.signUp("Ada");
  const design = await Design.begin(ada, "Described");
  await design.input();
  for (const event of await all(ada, `${design.path}/events`)) {
    const described = items.find((item: Json) => item.eventType === event.eventType);
    assert.equal(described.eventVersion, event.eventVersion);
    const { required, properties } = described.schema;
    const fields = Object.keys(event.data);
    assert.deepEqual(required.filter((name: string) => !fields.includes(name)), []);
    assert.deepEqual(fields.filter((name) => described.schema.oneOf || name in properties), fields);
  }
});
