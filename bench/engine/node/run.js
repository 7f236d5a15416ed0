// Runs a query of the bench on graphql-js: reads "<name> <times>" by line, answers with the CPU
// microseconds of one execution, JSON included; "answer <name>" answers with the JSON itself.
import { createInterface } from "node:readline";
import DataLoader from "dataloader";
import {
  GraphQLFloat, GraphQLInt, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLSchema,
  GraphQLString, GraphQLID, execute, parse,
} from "graphql";

const places = ["L0", "L1", "L2", "L3", "L4"];
const products = Array.from({ length: 500 }, (_, number) => ({
  id: `P${number}`, name: `Product ${number}`, brand: number % 3 ? `Brand ${number % 7}` : null,
}));
const prices = new Map(products.map((each, number) => [
  each.id, { amount: 9.5 + number, currency: "PLN" },
]));
const stocks = new Map(products.map((each, number) => [
  each.id, places.map((place, index) => ({ place, available: number + index })),
]));

const some = (type) => new GraphQLNonNull(type);
const many = (type) => some(new GraphQLList(some(type)));
const Price = new GraphQLObjectType({
  name: "Price", fields: { amount: { type: some(GraphQLFloat) }, currency: { type: some(GraphQLString) } },
});
const Stock = new GraphQLObjectType({
  name: "Stock", fields: { place: { type: some(GraphQLString) }, available: { type: some(GraphQLInt) } },
});
const Product = new GraphQLObjectType({
  name: "Product",
  fields: {
    id: { type: some(GraphQLID) },
    name: { type: some(GraphQLString) },
    brand: { type: GraphQLString },
    price: { type: Price, resolve: (parent, _, context) => context.prices.load(parent.id) },
    stock: { type: many(Stock), resolve: (parent, _, context) => context.stocks.load(parent.id) },
  },
});
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: "Query",
    fields: {
      hello: { type: some(GraphQLString), resolve: () => "world" },
      products: {
        type: many(Product),
        args: { first: { type: some(GraphQLInt), defaultValue: 50 } },
        resolve: async (_, { first }) => products.slice(0, first),
      },
    },
  }),
});

const queries = JSON.parse(process.argv[2]);
const documents = Object.fromEntries(
  Object.entries(queries).map(([name, { text }]) => [name, parse(text)]),
);

const run = async (name) => {
  const contextValue = {
    prices: new DataLoader(async (ids) => ids.map((id) => prices.get(id))),
    stocks: new DataLoader(async (ids) => ids.map((id) => stocks.get(id))),
  };
  const variableValues = queries[name].variables;
  const answer = await execute({ schema, document: documents[name], contextValue, variableValues });
  return JSON.stringify(answer);
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, times] = line.split(" ");
  if (name === "answer") {
    console.log(await run(times));
    continue;
  }
  const before = process.cpuUsage();
  for (let count = 0; count < Number(times); count += 1) await run(name);
  const { user, system } = process.cpuUsage(before);
  console.log((user + system) / Number(times));
}
