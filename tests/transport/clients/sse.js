// graphql-sse: its client in both modes.
import { createClient } from "graphql-sse";
import { check, equal, runAll, url } from "./check.js";

async function iterate(client, request) {
  const found = [];
  for await (const result of client.iterate(request)) found.push(result);
  return found;
}

for (const singleConnection of [false, true]) {
  const mode = singleConnection ? "single connection" : "distinct connections";
  const clientOf = (options = {}) =>
    createClient({ url, singleConnection, retryAttempts: 0, ...options });

  check(`query, ${mode}`, async () => {
    const client = clientOf();
    const [found] = await iterate(client, { query: "{ hello }" });
    equal(found.data, { hello: "Hello world" });
    client.dispose();
  });

  check(`mutation, ${mode}`, async () => {
    const client = clientOf();
    const [found] = await iterate(client, { query: "mutation { adds }" });
    equal(typeof found.data.adds, "number");
    client.dispose();
  });

  check(`subscription, ${mode}`, async () => {
    const client = clientOf();
    const found = await iterate(client, { query: "subscription { counts(to: 3) }" });
    equal(found.map((each) => each.data.counts), [1, 2, 3]);
    client.dispose();
  });

  check(`@defer, ${mode}`, async () => {
    const client = clientOf();
    const found = await iterate(client, { query: "{ thing { id ... @defer { late } } }" });
    equal(found[0].data, { thing: { id: "1" } });
    equal(found.at(-1).hasNext, false);
    client.dispose();
  });

  check(`several at once, ${mode}`, async () => {
    const client = clientOf();
    const all = await Promise.all(
      [1, 2, 3].map((to) => iterate(client, { query: `subscription { counts(to: ${to}) }` })),
    );
    equal(all.map((each) => each.length), [1, 2, 3]);
    client.dispose();
  });

  check(`request errors are results, ${mode}`, async () => {
    const client = clientOf();
    const [found] = await iterate(client, { query: "{ nothing }" });
    equal(found.errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
    client.dispose();
  });

  check(`a subscription that its client ends, ${mode}`, async () => {
    const client = clientOf({ lazyCloseTimeout: 1000 });
    const values = client.iterate({ query: "subscription { counts(to: 1000000) }" });
    equal((await values.next()).value.data, { counts: 1 });
    await values.return();
    const [after] = await iterate(client, { query: "{ hello }" });
    equal(after.data, { hello: "Hello world" });
    client.dispose();
  });

  check(`a token, ${mode}`, async () => {
    const client = clientOf({ headers: { Authorization: "Bearer agent" } });
    const [found] = await iterate(client, { query: "{ hello }" });
    equal(found.extensions.context.channel, "AGENT");
    client.dispose();
  });
}

await runAll();
