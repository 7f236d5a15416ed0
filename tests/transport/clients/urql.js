// urql: queries, mutations, persisted queries, subscriptions both ways, @defer.
import { createHash } from "node:crypto";
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { check, equal, plain, runAll, socketUrl, url } from "./check.js";

const generateHash = async (text) => createHash("sha256").update(text).digest("hex");

function clientOf(options = {}) {
  return new Client({ url, exchanges: [fetchExchange], preferGetMethod: false, ...options });
}

function collect(source, isLast) {
  const found = [];
  return new Promise((resolve, reject) => {
    const { unsubscribe } = source.subscribe((result) => {
      if (result.error) return reject(result.error);
      found.push(plain(result.data));
      if (isLast(result)) {
        resolve(found);
        setTimeout(() => unsubscribe());
      }
    });
  });
}

check("query", async () => {
  const result = await clientOf().query("query Q($n: String) { hello(name: $n) }", { n: "urql" });
  equal(plain(result.data), { hello: "Hello urql" });
});

check("query by GET", async () => {
  const result = await clientOf({ preferGetMethod: "force" }).query("{ hello }", {});
  equal(plain(result.data), { hello: "Hello world" });
});

check("mutation", async () => {
  const result = await clientOf().mutation("mutation { adds }", {});
  equal(typeof result.data.adds, "number");
});

check("an error of a field beside its data", async () => {
  const result = await clientOf().query('{ hello fails(how: "forbidden") }', {});
  equal(plain(result.data), { hello: "Hello world", fails: null });
  equal(result.error.graphQLErrors[0].extensions.code, "FORBIDDEN");
});

for (const preferGetForPersistedQueries of [false, true]) {
  check(`automatic persisted query, GET ${preferGetForPersistedQueries}`, async () => {
    const name = preferGetForPersistedQueries ? "UrqlGets" : "UrqlPosts";
    const persisted = persistedExchange({ preferGetForPersistedQueries, generateHash });
    const client = clientOf({ exchanges: [persisted, fetchExchange] });
    for (let round = 0; round < 2; round++) {
      const result = await client.query(`query ${name} { hello(name: "${name}") }`, {});
      equal(result.error, undefined);
      equal(plain(result.data), { hello: `Hello ${name}` });
    }
  });
}

check("subscription over graphql-ws", async () => {
  const socket = createClient({ url: socketUrl, webSocketImpl: WebSocket });
  const forward = (request) => ({
    subscribe: (sink) => ({
      unsubscribe: socket.subscribe({ ...request, query: request.query ?? "" }, sink),
    }),
  });
  const exchange = subscriptionExchange({ forwardSubscription: forward });
  const source = clientOf({ exchanges: [exchange] }).subscription(
    "subscription { counts(to: 3) }",
    {},
  );
  const found = await collect(source, (result) => result.data.counts === 3);
  equal(found, [{ counts: 1 }, { counts: 2 }, { counts: 3 }]);
  await socket.dispose();
});

check("subscription over fetch", async () => {
  const source = clientOf({ fetchSubscriptions: true }).subscription(
    "subscription { counts(to: 3) }",
    {},
  );
  const found = await collect(source, (result) => result.data.counts === 3);
  equal(found, [{ counts: 1 }, { counts: 2 }, { counts: 3 }]);
});

check("@defer", async () => {
  const query = `query { thing { id name ...Rest @defer } }
    fragment Rest on Thing { late inner { late } }`;
  const found = await collect(clientOf().query(query, {}), (result) => !result.hasNext);
  equal(found[0], { thing: { id: "1", name: "a thing" } });
  equal(found.at(-1), {
    thing: { id: "1", name: "a thing", late: "came", inner: { late: "came" } },
  });
});

await runAll();
