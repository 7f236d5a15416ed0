// Apollo Client: queries, mutations, persisted queries, subscriptions both ways, @defer both ways.
import { createHash } from "node:crypto";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { Defer20220824Handler, GraphQL17Alpha9Handler } from "@apollo/client/incremental";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { check, equal, plain, runAll, socketUrl, url } from "./check.js";

function clientOf(link, incrementalHandler) {
  return new ApolloClient({
    link,
    cache: new InMemoryCache(),
    defaultOptions: { query: { fetchPolicy: "no-cache" }, watchQuery: { fetchPolicy: "no-cache" } },
    incrementalHandler,
  });
}

const http = () => new HttpLink({ uri: url });
const sha256 = (text) => createHash("sha256").update(text).digest("hex");

function collect(observable) {
  const found = [];
  return new Promise((resolve, reject) => {
    observable.subscribe({
      next: (result) => (result.error ? reject(result.error) : found.push(plain(result.data))),
      error: reject,
      complete: () => resolve(found),
    });
  });
}

check("query", async () => {
  const query = gql`query Q($name: String) { hello(name: $name) }`;
  const { data } = await clientOf(http()).query({ query, variables: { name: "Apollo" } });
  equal(plain(data), { hello: "Hello Apollo" });
});

check("mutation", async () => {
  const { data } = await clientOf(http()).mutate({ mutation: gql`mutation { adds }` });
  equal(typeof data.adds, "number");
});

check("an error of a field beside its data", async () => {
  const query = gql`query { hello fails(how: "forbidden") }`;
  const result = await clientOf(http()).query({ query, errorPolicy: "all" });
  equal(plain(result.data), { hello: "Hello world", fails: null });
  equal(result.error.errors[0].extensions.code, "FORBIDDEN");
});

for (const useGETForHashedQueries of [false, true]) {
  check(`automatic persisted query, GET ${useGETForHashedQueries}`, async () => {
    const sent = [];
    const fetchAndNote = (address, options) => {
      sent.push(`${options.method} ${JSON.stringify(options.body ?? String(address))}`);
      return fetch(address, options);
    };
    const link = ApolloLink.from([
      new PersistedQueryLink({ sha256, useGETForHashedQueries }),
      new HttpLink({ uri: url, fetch: fetchAndNote }),
    ]);
    const name = useGETForHashedQueries ? "GetsIt" : "PostsIt";
    const query = gql(`query ${name} { hello(name: "${name}") }`);
    const client = clientOf(link);
    for (let round = 0; round < 2; round++) {
      const { data } = await client.query({ query });
      equal(plain(data), { hello: `Hello ${name}` });
    }
    equal(sent.length, 3);
    equal(sent[0].includes("hello(name"), false);
    equal(sent[1].includes("hello(name"), true);
    equal(sent[2].includes("hello(name"), false);
    equal(sent[2].startsWith(useGETForHashedQueries ? "GET" : "POST"), true);
  });
}

check("subscription over graphql-ws", async () => {
  const socket = createClient({ url: socketUrl, webSocketImpl: WebSocket });
  const query = gql`subscription { counts(to: 3) }`;
  const found = await collect(clientOf(new GraphQLWsLink(socket)).subscribe({ query }));
  equal(found, [{ counts: 1 }, { counts: 2 }, { counts: 3 }]);
  await socket.dispose();
});

check("subscription over multipart", async () => {
  const query = gql`subscription { counts(to: 3) }`;
  const found = await collect(clientOf(http()).subscribe({ query }));
  equal(found, [{ counts: 1 }, { counts: 2 }, { counts: 3 }]);
});

for (const Handler of [Defer20220824Handler, GraphQL17Alpha9Handler]) {
  check(`@defer with ${Handler.name}`, async () => {
    const query = gql`
      query { thing { id name ...Rest @defer(label: "rest") } }
      fragment Rest on Thing { late inner { late } }
    `;
    const watched = clientOf(http(), new Handler()).watchQuery({ query });
    const states = [];
    await new Promise((resolve, reject) => {
      watched.subscribe({
        next: (result) => {
          if (result.error) reject(result.error);
          if (result.data) states.push(plain(result.data));
          if (!result.loading && result.dataState === "complete") resolve();
        },
        error: reject,
      });
    });
    equal(states[0], { thing: { id: "1", name: "a thing" } });
    equal(states.at(-1), {
      thing: { id: "1", name: "a thing", late: "came", inner: { late: "came" } },
    });
  });

  check(`a failure in what is deferred, with ${Handler.name}`, async () => {
    const query = gql`query { thing { id ... @defer(label: "x") { surely } } }`;
    const found = await clientOf(http(), new Handler())
      .query({ query, errorPolicy: "all" })
      .catch((error) => ({ error }));
    equal(JSON.stringify(found).includes("Internal error") || Boolean(found.error), true);
  });
}

await runAll();
