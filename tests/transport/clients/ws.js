// graphql-ws: its client, and its protocol's rules over a bare WebSocket.
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { check, equal, runAll, socketUrl } from "./check.js";

const PROTOCOL = "graphql-transport-ws";
const clientOf = (options = {}) =>
  createClient({ url: socketUrl, webSocketImpl: WebSocket, retryAttempts: 0, ...options });

async function iterate(client, request) {
  const found = [];
  for await (const result of client.iterate(request)) found.push(result);
  await client.dispose();
  return found;
}

check("query", async () => {
  const [found] = await iterate(clientOf(), { query: "{ hello }" });
  equal(found.data, { hello: "Hello world" });
});

check("mutation", async () => {
  const [found] = await iterate(clientOf(), { query: "mutation { adds }" });
  equal(typeof found.data.adds, "number");
});

check("subscription", async () => {
  const found = await iterate(clientOf(), { query: "subscription { counts(to: 3) }" });
  equal(found.map((each) => each.data.counts), [1, 2, 3]);
});

check("@defer", async () => {
  const query = "{ thing { id ... @defer { late } } }";
  const found = await iterate(clientOf(), { query });
  equal(found[0].data, { thing: { id: "1" } });
  equal(found[0].hasNext, true);
  equal(found.at(-1).hasNext, false);
});

check("a subscription that its client ends", async () => {
  const client = clientOf();
  const values = client.iterate({ query: "subscription { counts(to: 1000000) }" });
  const { value } = await values.next();
  equal(value.data, { counts: 1 });
  await values.return();
  const [after] = await iterate(client, { query: "{ hello }" });
  equal(after.data, { hello: "Hello world" });
});

check("request errors", async () => {
  for (const query of ["{", "{ nothing }", "query ($a: Int!) { number(of: $a) }"]) {
    const failure = await iterate(clientOf(), { query }).then(
      () => null,
      (error) => error,
    );
    equal(Array.isArray(failure), true);
    equal(typeof failure[0].extensions.code, "string");
  }
});

check("a token in connectionParams", async () => {
  const [found] = await iterate(clientOf({ connectionParams: { Authorization: "Bearer agent" } }), {
    query: "{ hello }",
  });
  equal(found.extensions.context.channel, "AGENT");
});

check("a bad token is refused with 4403", async () => {
  const client = clientOf({ connectionParams: { Authorization: "Bearer nobody" } });
  const failure = await iterate(client, { query: "{ hello }" }).catch((error) => error);
  equal(failure.code, 4403);
});

function closing(messages, { protocol = PROTOCOL, first = true } = {}) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(socketUrl, protocol);
    const send = (all) => all.forEach((each) => socket.send(each));
    socket.on("open", () => {
      if (first) socket.send('{"type":"connection_init"}');
      else send(messages);
    });
    socket.on("message", (text) => {
      if (JSON.parse(text).type === "connection_ack") send(messages);
    });
    socket.on("close", (code, reason) => resolve([code, String(reason)]));
    socket.on("error", reject);
  });
}

const init = '{"type":"connection_init"}';
const subscribe = (id, query = "subscription { waits }") =>
  JSON.stringify({ type: "subscribe", id, payload: { query } });

check("4400 for what is no message", async () => {
  for (const text of ["", "{", "[]", "null", "{}", '{"type":"start"}', '{"type":"subscribe"}',
    '{"type":"subscribe","id":"1"}', '{"type":"subscribe","id":"","payload":{"query":"{a}"}}',
    '{"type":"subscribe","id":"1","payload":{"query":1}}', '{"type":"complete"}',
    '{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}']) {
    const [code, reason] = await closing([text]);
    equal([text, code], [text, 4400]);
    equal(reason.length > 0, true);
  }
});

check("4400 for a binary message", async () => {
  equal((await closing([Buffer.from(init)]))[0], 4400);
});

check("4401 before the connection is acknowledged", async () => {
  equal((await closing([subscribe("1")], { first: false }))[0], 4401);
});

check("4408 without an initialisation", async () => {
  equal((await closing([], { first: false }))[0], 4408);
});

check("4409 for an id that is in use", async () => {
  equal(await closing([subscribe("1"), subscribe("1")]), [4409, "Subscriber for 1 already exists"]);
});

check("4429 for a second initialisation", async () => {
  equal((await closing([init]))[0], 4429);
});

check("the legacy protocol is not spoken", async () => {
  const failure = await closing([], { protocol: "graphql-ws" }).catch((error) => error);
  // This client ends the handshake itself: no protocol of its choice was selected.
  equal(String(failure).includes("no subprotocol") || failure[0] === 4406, true);
  equal((await closing([], { protocol: [] }))[0], 4406);
});

check("pings are answered, pongs and late completes ignored", async () => {
  const socket = new WebSocket(socketUrl, PROTOCOL);
  const found = [];
  await new Promise((resolve) => {
    socket.on("open", () => {
      socket.send('{"type":"ping","payload":{"a":1}}');
      socket.send('{"type":"pong"}');
      socket.send('{"type":"complete","id":"nobody"}');
      socket.send(init);
    });
    socket.on("message", (text) => {
      found.push(JSON.parse(text));
      if (found.length === 2) resolve();
    });
  });
  equal(found, [{ type: "pong", payload: { a: 1 } }, { type: "connection_ack" }]);
  socket.close();
});

await runAll();
