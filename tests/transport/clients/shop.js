// Apollo Client and urql at a real shop: what a customer and a guest write, and read back.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client, fetchExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { check, equal, plain, runAll, socketUrl, url } from "./check.js";

const [, , , token, sku] = process.argv;
const Authorization = `Bearer ${token}`;
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const http = () => new HttpLink({ uri: url, headers: { Authorization } });

const FIELDS = "userErrors { message } wishlist { id name lines { quantity variant { sku } } }";
const CREATE = gql`mutation Create($input: WishlistCreateInput!) {
  wishlistCreate(input: $input) { ${FIELDS} } }`;
const ADD = gql`mutation Add($input: WishlistLinesAddInput!) {
  wishlistLinesAdd(input: $input) { ${FIELDS} } }`;
const READ = gql`query Read($id: ID!) { wishlist(id: $id) {
  id name lines { quantity variant { sku } } } }`;

async function created(client) {
  const input = { idempotencyKey: randomUUID(), name: `List ${randomUUID()}` };
  const { data } = await client.mutate({ mutation: CREATE, variables: { input } });
  equal(data.wishlistCreate.userErrors, []);
  equal(data.wishlistCreate.wishlist.name, input.name);
  return data.wishlistCreate.wishlist.id;
}

async function added(client, wishlist) {
  const lines = [{ sku, quantity: 2 }];
  const input = { idempotencyKey: randomUUID(), wishlist, lines };
  const { data } = await client.mutate({ mutation: ADD, variables: { input } });
  return plain(data.wishlistLinesAdd);
}

check("Apollo's cache follows a mutation by the id that it answers with", async () => {
  const client = new ApolloClient({ link: http(), cache: new InMemoryCache() });
  const id = await created(client);
  const before = await client.query({ query: READ, variables: { id } });
  equal(plain(before.data.wishlist.lines), []);
  equal((await added(client, id)).userErrors, []);
  const after = await client.query({ query: READ, variables: { id }, fetchPolicy: "cache-only" });
  equal(plain(after.data.wishlist.lines), [{ quantity: 2, variant: { sku } }]);
});

check("a mutation as a persisted query", async () => {
  const link = new PersistedQueryLink({ sha256 }).concat(http());
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  await created(client);
  await created(client);
});

check("a mutation over a socket", async () => {
  const connectionParams = { Authorization };
  const socket = createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams });
  const client = new ApolloClient({ link: new GraphQLWsLink(socket), cache: new InMemoryCache() });
  const id = await created(client);
  equal((await added(client, id)).wishlist.lines, [{ quantity: 2, variant: { sku } }]);
  await socket.dispose();
});

check("a mutation that is tried again happens once", async () => {
  const client = new ApolloClient({ link: http(), cache: new InMemoryCache() });
  const input = { idempotencyKey: randomUUID(), name: "Once" };
  const tries = [1, 2].map(() => client.mutate({ mutation: CREATE, variables: { input } }));
  const [one, other] = (await Promise.all(tries)).map((each) => plain(each.data));
  equal(one, other);
});

const CART = "cart { id quantity lines { sku quantity } } userErrors { message }";

check("a guest's cart in urql", async () => {
  const client = new Client({ url, exchanges: [fetchExchange], preferGetMethod: false });
  const secret = randomBytes(32).toString("base64url");
  const create = `mutation ($input: CartCreateInput!) { cartCreate(input: $input) { ${CART} } }`;
  const key = () => randomUUID();
  const made = await client.mutation(create, { input: { idempotencyKey: key(), secret } });
  equal(made.error, undefined);
  const cart = made.data.cartCreate.cart.id;
  const add = `mutation ($input: CartLinesAddInput!) { cartLinesAdd(input: $input) { ${CART} } }`;
  const input = { idempotencyKey: key(), cart, secret, lines: [{ sku, quantity: 3 }] };
  const filled = await client.mutation(add, { input });
  equal(plain(filled.data.cartLinesAdd.userErrors), []);
  const query = "query ($secret: String) { cart(secret: $secret) { quantity lines { sku } } }";
  const read = await client.query(query, { secret }, { requestPolicy: "network-only" });
  equal(plain(read.data), { cart: { quantity: 3, lines: [{ sku }] } });
});

check("an outcome that is the caller's is data in urql, and a refusal an error", async () => {
  const client = new Client({ url, exchanges: [fetchExchange], preferGetMethod: false });
  const create = `mutation ($input: WishlistCreateInput!) {
    wishlistCreate(input: $input) { userErrors { message } } }`;
  const input = { idempotencyKey: randomUUID(), name: "Nobody's" };
  const refused = await client.mutation(create, { input });
  equal(["UNAUTHENTICATED", "FORBIDDEN"].includes(
    refused.error.graphQLErrors[0].extensions.code), true);
});

await runAll();
